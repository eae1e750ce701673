import { randomUUID } from 'node:crypto'
import type { Fault } from '../../faults.ts'
import type { ServerAnswer } from '../../http-server.ts'
import type { Accounts } from '../accounts.ts'
import type { IssuerKeys } from '../outside-token.ts'
import type { CloudService } from '../service.ts'
import { assumeRole } from './assume-role.ts'
import { AwsError } from './aws-error.ts'
import { element, XMLNS } from './xml.ts'

export type AwsDeps = { accounts: Accounts; issuerKeys: IssuerKeys; now(): number }

const HOST = /^sts(?:\.[a-z0-9-]+)?\.amazonaws\.com$/

/** AWS Security Token Service, Query protocol (version 2011-06-15): AssumeRoleWithWebIdentity, which needs no signature. */
export function createAws(deps: AwsDeps): CloudService {
  return {
    serves: (host) => HOST.test(host),
    scopeOf: ({ body }) => new URLSearchParams(body).get('RoleArn')?.split('/').at(-1) ?? 'aws',
    operationOf: ({ body }) => new URLSearchParams(body).get('Action') ?? '',
    async act({ method, body }) {
      const form = new URLSearchParams(body)
      try {
        if (method !== 'POST' || form.get('Version') !== '2011-06-15') throw new AwsError(400, 'MissingAction')
        if (form.get('Action') !== 'AssumeRoleWithWebIdentity') throw new AwsError(400, 'InvalidAction')
        return xml(200, await assumeRole(form, deps))
      } catch (error) {
        if (!(error instanceof AwsError)) throw error
        return errorAnswer(error)
      }
    },
    shape: ({ kind, status = 500 }: Fault) =>
      errorAnswer(
        kind === 'throttle' ? new AwsError(400, 'Throttling', 'Rate exceeded') : new AwsError(status, 'Injected'),
      ),
  }
}

function errorAnswer({ status, code, text }: AwsError): ServerAnswer {
  const error = element('Error', {
    Type: status < 500 ? 'Sender' : 'Receiver',
    Code: code,
    Message: text,
  })
  return xml(status, `<ErrorResponse xmlns="${XMLNS}">${error}<RequestId>${randomUUID()}</RequestId></ErrorResponse>`)
}

const xml = (status: number, text: string): ServerAnswer => ({ status, headers: { 'content-type': 'text/xml' }, text })
