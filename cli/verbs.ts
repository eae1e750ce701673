import { auditQuery } from './audit-query.ts'
import { auditVerify } from './audit-verify.ts'
import { doctor } from './doctor.ts'
import { explain } from './explain.ts'
import { grantDelegate } from './grant-delegate.ts'
import { grantList } from './grant-list.ts'
import { grantOpen } from './grant-open.ts'
import { grantRevoke } from './grant-revoke.ts'
import { policyApply } from './policy-apply.ts'
import { policyDrift } from './policy-drift.ts'
import { policyExport } from './policy-export.ts'
import { policyPlan } from './policy-plan.ts'
import { policyReplay } from './policy-replay.ts'
import { policyTest } from './policy-test.ts'
import { policyValidate } from './policy-validate.ts'
import { rotationAbort } from './rotation-abort.ts'
import { rotationList } from './rotation-list.ts'
import { rotationRun } from './rotation-run.ts'
import { rotationStatus } from './rotation-status.ts'
import { secretGet } from './secret-get.ts'
import { secretList } from './secret-list.ts'
import { secretSet } from './secret-set.ts'
import { tokenGet } from './token-get.ts'
import type { Verb } from './verb.ts'
import { verify } from './verify.ts'

/** Every verb of the command; the help is made of this list. */
export const VERBS: readonly Verb[] = [
  policyValidate,
  policyPlan,
  policyApply,
  policyExport,
  policyDrift,
  policyTest,
  policyReplay,
  explain,
  auditVerify,
  auditQuery,
  doctor,
  verify,
  secretGet,
  secretList,
  secretSet,
  tokenGet,
  grantOpen,
  grantDelegate,
  grantRevoke,
  grantList,
  rotationList,
  rotationStatus,
  rotationRun,
  rotationAbort,
]
