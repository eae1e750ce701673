/** Names of everything in the data storage account; Bicep creates them in Azure, `npm start` locally. */
export const TABLES = {
  policies: 'policies',
  audit: 'audit',
  checkpoints: 'checkpoints',
  auditIndex: 'auditindex',
  lastUse: 'lastuse',
  grants: 'grants',
  handles: 'handles',
  secretState: 'secretstate',
  rotations: 'rotations',
  keys: 'keys',
  leases: 'leases',
  subscriptions: 'subscriptions',
  once: 'once',
  quotas: 'quotas',
  reports: 'reports',
} as const

export const CONTAINERS = { checkpoints: 'checkpoints' } as const

export const QUEUES = { keyVaultEvents: 'kvevents' } as const
