import { z } from 'zod'

/** Schemas that stand in the documents under a name of their own. */
export const REQUESTS = z.registry<{ id: string }>()
export const ANSWERS = z.registry<{ id: string }>()

/** Names the schema that a handler parses with. */
export function request<S extends z.ZodType>(id: string, schema: S): S {
  REQUESTS.add(schema, { id })
  return schema
}

/** Names the schema of an answer that no type of the gateway stands for. */
export function answer<S extends z.ZodType>(id: string, schema: S): S {
  ANSWERS.add(schema, { id })
  return schema
}

type Read<T> = T extends readonly (infer Item)[]
  ? readonly Read<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: Read<T[Key]> }
    : T
/** What JSON makes of it: no undefined. */
type Said<T> = T extends readonly (infer Item)[]
  ? readonly Said<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: Said<Exclude<T[Key], undefined>> }
    : T
type Fields<T> = T extends unknown ? keyof T : never
type Fits<T, O> = [Said<T>] extends [Read<O>]
  ? [Exclude<Fields<T>, Fields<O>>] extends [never]
    ? unknown
    : { undocumented: Exclude<Fields<T>, Fields<O>> }
  : { differs: true }

/**
 * Names the schema of what the gateway answers as a `T`. The compiler refuses a schema that lacks a field of `T`, or that some
 * `T` would not pass.
 */
export const answerOf =
  <T>() =>
  <S extends z.ZodType>(id: string, schema: S & Fits<T, z.output<S>>): S =>
    answer(id, schema as S)

/** RFC 3339, UTC. */
export const time = () => z.iso.datetime()

/** `{ value, nextLink? }`. */
export const page = <S extends z.ZodType>(item: S) =>
  z.strictObject({ value: z.array(item), nextLink: z.url().optional() })
