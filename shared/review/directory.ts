import { z } from 'zod'
import type { JsonService } from '../rotation/json-service.ts'
import type { ServicePrincipal } from './facts.ts'
import { pagesOf } from './pages.ts'

export type Graph = { service: JsonService; origin: string; signal: AbortSignal }

const TYPES = ['ManagedIdentity', 'Application'] as const

const Listed = z.object({
  id: z.string(),
  appId: z.string(),
  displayName: z.string().nullish(),
  servicePrincipalType: z.string(),
  alternativeNames: z.array(z.string()).nullish(),
})

/**
 * The tenant's service principals, through every page (learn.microsoft.com/graph/api/serviceprincipal-list; needs
 * `Application.Read.All`). Throws UpstreamFailure, BadPage.
 */
export async function listServicePrincipals({ service, origin, signal }: Graph): Promise<ServicePrincipal[]> {
  const found: ServicePrincipal[] = []
  for (const type of TYPES) {
    const query = new URLSearchParams({
      $filter: `servicePrincipalType eq '${type}'`,
      $select: 'id,appId,displayName,servicePrincipalType,alternativeNames',
      $top: '999',
    })
    const path = `/v1.0/servicePrincipals?${query}`
    for await (const item of pagesOf({ service, origin, path, next: '@odata.nextLink', signal })) {
      const listed = Listed.safeParse(item)
      if (listed.success) found.push(principalOf(listed.data))
    }
  }
  return found
}

/** `alternativeNames` of a managed identity: `isExplicit=True` where it stands by itself, `False` where a resource owns it; its ARM id. */
function principalOf({
  id,
  appId,
  displayName,
  servicePrincipalType,
  alternativeNames,
}: z.infer<typeof Listed>): ServicePrincipal {
  const names = alternativeNames ?? []
  const explicit = names
    .find((name) => /^isExplicit=/i.test(name))
    ?.slice('isExplicit='.length)
    .toLowerCase()
  const resourceId = names.find((name) => name.startsWith('/subscriptions/'))
  return {
    ...{ objectId: id.toLowerCase(), appId: appId.toLowerCase(), name: displayName ?? '', type: servicePrincipalType },
    ...(explicit === 'true' && { assigned: 'user' }),
    ...(explicit === 'false' && { assigned: 'system' }),
    ...(resourceId && { resourceId }),
  }
}
