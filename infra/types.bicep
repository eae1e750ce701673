@export()
@description('Who can reach what. public: everything, by identity only. privateData: storage and vaults behind private endpoints. private: the gateway too.')
type networkMode = 'public' | 'privateData' | 'private'

@export()
@description('Clouds that shared/azure/clouds.ts knows.')
type cloud = 'AzurePublic' | 'AzureChina' | 'AzureUSGovernment'

@export()
@description('What the gateway may do with one secret of the vault.')
type secretGrant = {
  @description('Name of the secret.')
  @minLength(1)
  @maxLength(127)
  secret: string

  @description('read: get it. rotate: get it, write new versions, change attributes.')
  access: 'read' | 'rotate'
}

@export()
@description('A storage account, registry or Web PubSub that tokens are made for.')
type target = {
  @description('Resource group of the target, in this subscription.')
  @minLength(1)
  @maxLength(90)
  resourceGroup: string

  @description('Name of the target.')
  @minLength(3)
  @maxLength(63)
  name: string

  @description('What tokens of it may be good for.')
  access: 'blobRead' | 'blobWrite' | 'queue' | 'table' | 'registryPull' | 'webPubSub'
}

@export()
@description('A resource by its group and name.')
type namedResource = {
  @description('Its resource group, in this subscription.')
  @minLength(1)
  @maxLength(90)
  resourceGroup: string

  @description('Its name.')
  @minLength(3)
  @maxLength(63)
  name: string
}

@export()
@description('Size of the function app.')
type scale = {
  @description('Memory of an instance.')
  instanceMemoryMB: 512 | 2048 | 4096

  @description('Instances at most.')
  @minValue(40)
  @maxValue(1000)
  maximumInstanceCount: int

  @description('Instances kept warm for HTTP.')
  @minValue(0)
  @maxValue(1000)
  alwaysReady: int

  @description('Requests that one instance takes at a time.')
  @minValue(1)
  @maxValue(1000)
  httpConcurrency: int

  @description('Instances and storage in several zones.')
  zoneRedundant: bool
}

@export()
@description('Names of everything, computed in names.bicep.')
type names = {
  resourceGroup: string
  hostStorage: string
  dataStorage: string
  gatewayVault: string
  mainVault: string
  plan: string
  app: string
  workspace: string
  insights: string
  network: string
  topic: string
  token: string
}

@export()
@description('A name and a value, both strings.')
type settings = { *: string }
