import { z } from 'zod'
import { ACTIONS } from '../actions.ts'
import { TEMPLATE_VALUES } from '../match/template.ts'
import { PRINTABLE } from './primitives.ts'

const MAX_PATTERN = 512

/** Segments of each form of resource; a pattern of another length could never match. */
const FORMS = new Map(
  Object.values(ACTIONS)
    .filter(({ resource }) => resource !== 'any')
    .map(({ resource }) => [resource.split('/')[0] as string, resource.split('/').length]),
)

const SEGMENT = /^[A-Za-z0-9._~*-]+$/

/** `secret/prod/stripe-*`, `token/**`, `secret/main/${principal.objectId}-key`, … */
export const ResourcePattern = z.string().max(MAX_PATTERN).superRefine(reporting(resourceFault))

/** A claim's value: a pattern by `/` segments. */
export const ClaimPattern = z
  .string()
  .min(1)
  .max(MAX_PATTERN)
  .superRefine(reporting((text) => patternFault(text, /\//)))

/** A subject: a pattern by `/` and `:` segments. */
export const SubjectPattern = z
  .string()
  .min(1)
  .max(MAX_PATTERN)
  .superRefine(reporting((text) => patternFault(text, /[/:]/)))

function reporting(faultOf: (text: string) => string | undefined) {
  return (text: string, context: z.RefinementCtx) => {
    const fault = faultOf(text)
    if (fault) context.addIssue({ code: 'custom', message: fault })
  }
}

function patternFault(text: string, separators: RegExp): string | undefined {
  if (!PRINTABLE.test(text)) return 'must not hold control or invisible characters'
  if (text.includes('${')) return 'must not hold a template: those stand in resources only'
  return starsFault(text.split(separators))
}

function starsFault(segments: readonly string[]): string | undefined {
  const misplaced = segments.some(
    (segment, at) => segment.includes('**') && (segment !== '**' || at < segments.length - 1),
  )
  return misplaced ? 'may hold ** only as the whole last segment' : undefined
}

function resourceFault(text: string): string | undefined {
  const unknown = [...text.matchAll(/\$\{([^}]*)\}/g)].find(([, name]) => !Object.hasOwn(TEMPLATE_VALUES, name ?? ''))
  if (unknown)
    return `may hold only these templates: ${Object.keys(TEMPLATE_VALUES)
      .map((name) => `\${${name}}`)
      .join(', ')}`
  const segments = text.replace(/\$\{[^}]*\}/g, 'x').split('/')
  if (!segments.every((segment) => SEGMENT.test(segment))) return 'must be segments of letters, digits, . _ ~ - and *'
  return starsFault(segments) ?? formFault(text.split('/'))
}

function formFault(segments: readonly string[]): string | undefined {
  if (segments.length === 1 && segments[0] === '**') return undefined
  const length = FORMS.get(segments[0] ?? '')
  if (length === undefined) return `must begin with one of ${[...FORMS.keys()].join(', ')}, or be **`
  const fits = segments.at(-1) === '**' ? segments.length <= length : segments.length === length
  return fits ? undefined : `can never match: a ${segments[0]} has ${length} segment${length === 1 ? '' : 's'}`
}
