import { auditQuery } from './audit-query.ts'
import { auditVerify } from './audit-verify.ts'
import { doctor } from './doctor.ts'
import { policyApply } from './policy-apply.ts'
import { policyValidate } from './policy-validate.ts'
import { secretGet } from './secret-get.ts'
import { secretList } from './secret-list.ts'
import { secretSet } from './secret-set.ts'
import { tokenGet } from './token-get.ts'
import type { Verb } from './verb.ts'

/** Every verb of the command; the help is made of this list. */
export const VERBS: readonly Verb[] = [
  policyValidate,
  policyApply,
  auditVerify,
  auditQuery,
  doctor,
  secretGet,
  secretList,
  secretSet,
  tokenGet,
]
