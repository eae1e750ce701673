import { eventOperations } from './events.ts'
import { explanationOperations } from './explanations.ts'
import { grantOperations } from './grants.ts'
import { handleOperations } from './handles.ts'
import { oauthOperations } from './oauth.ts'
import type { Description, Descriptions } from './operation.ts'
import { policyOperations } from './policies.ts'
import { reportOperations } from './reports.ts'
import { rotationOperations } from './rotations.ts'
import { secretOperations } from './secrets.ts'
import { serviceOperations } from './service.ts'
import { tokenOperations } from './tokens.ts'

const ALL: Descriptions = {
  ...secretOperations,
  ...handleOperations,
  ...tokenOperations,
  ...grantOperations,
  ...rotationOperations,
  ...policyOperations,
  ...explanationOperations,
  ...reportOperations,
  ...eventOperations,
  ...oauthOperations,
  ...serviceOperations,
}

/** Every operation by `<method> /<route>`, in the order of the documents. */
export const OPERATIONS: readonly (readonly [title: string, Description])[] = Object.entries(ALL)
