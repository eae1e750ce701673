import type { Endpoint } from '../shared/http/endpoint.ts'
import { openapiDocument, swaggerDocument } from './api-documents.ts'
import { grant } from './grant.ts'
import { grantApprovals } from './grant-approvals.ts'
import { grantDelegations } from './grant-delegations.ts'
import { grantRenewals } from './grant-renewals.ts'
import { grantRevocations } from './grant-revocations.ts'
import { grants } from './grants.ts'
import { handle } from './handle.ts'
import { handleRedemption } from './handle-redemption.ts'
import { handles } from './handles.ts'
import { healthz } from './healthz.ts'
import { introspect } from './introspect.ts'
import { jwks } from './jwks.ts'
import { authorizationServer, openidConfiguration, protectedResource } from './metadata.ts'
import { oauthToken } from './oauth-token.ts'
import { policies } from './policies.ts'
import { policy } from './policy.ts'
import { policyApprovals } from './policy-approvals.ts'
import { policyExplanations } from './policy-explanations.ts'
import { policyPlans } from './policy-plans.ts'
import { policyProbes } from './policy-probes.ts'
import { policyReplay } from './policy-replay.ts'
import { policyReplays } from './policy-replays.ts'
import { reports } from './reports.ts'
import { revoke } from './revoke.ts'
import { rotation } from './rotation.ts'
import { rotationImpact } from './rotation-impact.ts'
import { rotationRun } from './rotation-run.ts'
import { rotationRuns } from './rotation-runs.ts'
import { rotationSteps } from './rotation-steps.ts'
import { rotations } from './rotations.ts'
import { secret } from './secret.ts'
import { secretBatches } from './secret-batches.ts'
import { secretVersion } from './secret-version.ts'
import { secretVersions } from './secret-versions.ts'
import { secrets } from './secrets.ts'
import { subjectTokens } from './subject-tokens.ts'
import { subscription } from './subscription.ts'
import { subscriptions } from './subscriptions.ts'
import { tokens } from './tokens.ts'
import { unsubscriptions } from './unsubscriptions.ts'
import { whoami } from './whoami.ts'

/** Every HTTP path of the gateway: one function each, disjoint under the host's name-ordered router. */
export const ENDPOINTS: readonly Endpoint[] = [
  healthz,
  openapiDocument,
  swaggerDocument,
  openidConfiguration,
  authorizationServer,
  protectedResource,
  jwks,
  oauthToken,
  introspect,
  revoke,
  tokens,
  subjectTokens,
  whoami,
  policies,
  policy,
  policyApprovals,
  policyPlans,
  policyExplanations,
  policyReplays,
  policyReplay,
  policyProbes,
  secrets,
  secret,
  secretVersions,
  secretVersion,
  secretBatches,
  grants,
  grant,
  grantDelegations,
  grantRenewals,
  grantApprovals,
  grantRevocations,
  handles,
  handle,
  handleRedemption,
  rotations,
  rotation,
  rotationImpact,
  rotationRuns,
  rotationRun,
  rotationSteps,
  subscriptions,
  subscription,
  unsubscriptions,
  reports,
]
