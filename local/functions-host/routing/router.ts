import { matchTemplate, type RouteValues, splitPath } from './match.ts'
import type { Template } from './template.ts'

export type Route<T> = {
  template: Template
  /** Upper case. */
  methods: ReadonlySet<string>
  target: T
}

export type Matched<T> = { target: T; values: RouteValues }

export type Router<T> = (method: string, path: string) => Matched<T> | undefined

/**
 * Tries the routes in the given order, which must be that of the functions' names: the first match wins, a literal has no
 * precedence over a parameter. The method is part of the match, so a wrong one is "no such route", never 405.
 */
export function createRouter<T>(routes: readonly Route<T>[]): Router<T> {
  return (method, path) => {
    const split = splitPath(path)
    for (const route of routes) {
      if (!route.methods.has(method)) continue
      const values = matchTemplate(route.template, split)
      if (values) return { target: route.target, values }
    }
    return undefined
  }
}
