@description('Name of the workspace that is searched.')
param workspaceName string
@description('Name of the data account.')
param dataStorageName string
@description('Vaults whose availability is watched.')
param vaultNames string[]
@description('Region.')
param location string
@description('Tags of everything.')
param tags { *: string }
@description('Object ids that may write policies.')
param deployers string[]
@description('The gateway\'s identity: it writes other tables by transactions.')
param gateway string
@description('Who is told by mail; empty: alerts only show in the portal.')
param emails string[]

var events = 'AppTraces | extend line = parse_json(Message) | extend event = tostring(line.event)'
var writes = 'StorageTableLogs | where AccountName == "${dataStorageName}" and toint(StatusCode) < 400'
var writers = concat(deployers, [gateway])
// The log of a transaction says /$batch and not which table: one by anybody else may be of policies.
var policyWrites = 'OperationName in ("InsertEntity", "UpdateEntity", "MergeEntity", "InsertOrReplaceEntity", "InsertOrMergeEntity", "DeleteEntity") and Uri contains "/policies" and RequesterObjectId !in (dynamic(${string(deployers)}))'
var transactions = 'OperationName == "EntityGroupTransaction" and RequesterObjectId !in (dynamic(${string(writers)}))'

// Requests are sampled (host.json): each stands for ItemCount of them. The gateway's own lines are not.
var rules = [
  {
    name: 'denial-spike'
    description: 'Many requests were refused within 15 minutes: a misconfigured caller, or somebody who tries.'
    severity: 2
    query: 'AppRequests | where ResultCode in ("401", "403") | project TimeGenerated, times = ItemCount'
    threshold: 100
  }
  {
    name: 'server-errors'
    description: 'The gateway answered 5xx: see its /healthz and the events in the log.'
    severity: 1
    query: 'AppRequests | where toint(ResultCode) >= 500 | project TimeGenerated, times = ItemCount'
    threshold: 5
  }
  {
    name: 'rotation-stuck'
    description: 'A rotation is stuck or overdue or could not be driven on, or a timer failed.'
    severity: 2
    query: '${events} | where event in ("rotation.not_driven", "rotation.queue_unreadable", "timer.failed") or (event == "rotation.moved" and line.state == "stuck") or (event == "rotation.due" and line.overdue == true) | project TimeGenerated, times = 1'
    threshold: 0
  }
  {
    name: 'journal-failing'
    description: 'What cannot be recorded is not done: the gateway refuses while this lasts.'
    severity: 0
    query: '${events} | where event in ("journal.failing", "journal.canary_lost", "journal.canary_unread", "journal.entry_refused", "journal.followers_lost") | project TimeGenerated, times = 1'
    threshold: 0
  }
  {
    name: 'tampered'
    description: 'Somebody changed a stored grant, handle or subscription, or put an old set of policies back.'
    severity: 0
    query: '${events} | where event in ("grant.tampered", "handle.tampered", "subscription.tampered", "policy.revision_backwards") | project TimeGenerated, times = 1'
    threshold: 0
  }
  {
    name: 'policies-unusable'
    description: 'The set of policies cannot be read, or is not whole: after a minute everything is refused.'
    severity: 1
    query: '${events} | where event in ("policy.unreachable", "policy.no_revision", "policy.set_differs", "policy.invalid_document") | project TimeGenerated, times = 1'
    threshold: 0
  }
  {
    name: 'probe-failed'
    description: 'What must be denied is allowed, what must be allowed is denied, or nobody could ask.'
    severity: 1
    query: '${events} | where event == "probe.failed" | project TimeGenerated, times = 1'
    threshold: 0
  }
  {
    name: 'keys-unusable'
    description: 'A signing key cannot be read or used, or the gateway has no token of its own.'
    severity: 1
    query: '${events} | where event in ("keys.not_read", "keys.left_out", "keys.malformed_rows", "identity.unusable") | project TimeGenerated, times = 1'
    threshold: 0
  }
  {
    name: 'emergency-not-rotated'
    description: 'A secret was read in an emergency and nothing makes it new: somebody has to.'
    severity: 1
    query: '${events} | where event == "breakglass.not_rotated" | project TimeGenerated, times = 1'
    threshold: 0
  }
  {
    name: 'event-parked'
    description: 'A subscriber could not be told an event, and is not asked again.'
    severity: 3
    query: '${events} | where event == "event.parked" | project TimeGenerated, times = 1'
    threshold: 0
  }
  {
    name: 'vault-refusing'
    description: 'Key Vault answered 403 (a role is missing, or somebody tries) or 429 (too many requests).'
    severity: 2
    query: 'AZKVAuditLogs | where HttpStatusCode in (403, 429) | project TimeGenerated, times = 1'
    threshold: 0
  }
  {
    name: 'policies-written'
    description: 'Somebody other than the deployers wrote the table of policies, or any table by a transaction.'
    severity: 0
    query: '${writes} | where (${policyWrites}) or (${transactions}) | project TimeGenerated, times = 1'
    threshold: 0
  }
  {
    name: 'logs-capped'
    description: 'The daily cap of the workspace is reached: until tomorrow no other alert can see anything.'
    severity: 1
    query: '_LogOperation | where Category =~ "Ingestion" and Detail contains "OverQuota" | project TimeGenerated, times = 1'
    threshold: 0
  }
]

resource workspace 'Microsoft.OperationalInsights/workspaces@2026-03-01' existing = { name: workspaceName }

resource vaults 'Microsoft.KeyVault/vaults@2026-02-01' existing = [for name in vaultNames: { name: name }]

resource operators 'Microsoft.Insights/actionGroups@2023-01-01' = if (!empty(emails)) {
  name: 'sallyport-operators'
  location: 'global'
  tags: tags
  properties: {
    groupShortName: 'sallyport'
    enabled: true
    emailReceivers: [
      for (email, index) in emails: {
        name: 'operator-${index}'
        emailAddress: email
        useCommonAlertSchema: true
      }
    ]
  }
}

resource searches 'Microsoft.Insights/scheduledQueryRules@2026-03-01' = [
  for rule in rules: {
    name: 'sallyport-${rule.name}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: 'Sallyport: ${rule.name}'
      description: rule.description
      severity: rule.severity
      enabled: true
      scopes: [workspace.id]
      evaluationFrequency: 'PT5M'
      windowSize: 'PT15M'
      // A table without a row yet is unknown to the workspace.
      skipQueryValidation: true
      criteria: {
        allOf: [
          {
            query: rule.query
            metricMeasureColumn: 'times'
            timeAggregation: 'Total'
            operator: 'GreaterThan'
            threshold: rule.threshold
            failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 }
          }
        ]
      }
      actions: { actionGroups: empty(emails) ? [] : [operators.id] }
    }
  }
]

resource roleChanges 'Microsoft.Insights/activityLogAlerts@2026-01-01' = {
  name: 'sallyport-roles-changed'
  location: 'global'
  tags: tags
  properties: {
    description: 'A role was assigned in this resource group: by a deployment, or by somebody.'
    enabled: true
    scopes: [resourceGroup().id]
    condition: {
      allOf: [
        { field: 'category', equals: 'Administrative' }
        { field: 'operationName', equals: 'Microsoft.Authorization/roleAssignments/write' }
      ]
    }
    actions: { actionGroups: empty(emails) ? [] : [{ actionGroupId: operators.id }] }
  }
}

resource availability 'Microsoft.Insights/metricAlerts@2026-01-01' = [
  for (name, index) in vaultNames: {
    name: 'sallyport-vault-${index == 0 ? 'gateway' : 'main'}-availability'
    location: 'global'
    tags: tags
    properties: {
      description: 'The vault answers fewer than 99 of 100 requests.'
      severity: 1
      enabled: true
      scopes: [vaults[index].id]
      evaluationFrequency: 'PT5M'
      windowSize: 'PT15M'
      criteria: {
        'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
        allOf: [
          {
            criterionType: 'StaticThresholdCriterion'
            name: 'availability'
            metricName: 'Availability'
            operator: 'LessThan'
            threshold: 99
            timeAggregation: 'Average'
          }
        ]
      }
      actions: empty(emails) ? [] : [{ actionGroupId: operators.id }]
    }
  }
]
