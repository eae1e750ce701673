import { X509Certificate } from 'node:crypto'
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer, get } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { ensureCertificates } from '../../../local/servers/certificates.ts'

const DAY = 86_400_000
let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-tls-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const now = () => Date.now()
const read = (path: string) => readFileSync(path, 'utf8')

it('makes a certificate for every host name that local servers stand in for, signed by the CA of the folder', async () => {
  const { ca, cert } = await ensureCertificates(folder, now)
  const server = new X509Certificate(read(cert))
  expect(server.verify(new X509Certificate(read(ca)).publicKey)).toBe(true)
  for (const host of [
    'localhost',
    'sallyport-main.vault.azure.net',
    'sallyportdev.table.core.windows.net',
    'sallyportdev.blob.core.windows.net',
    'sallyportdev.queue.core.windows.net',
    'login.microsoftonline.com',
    'sts.windows.net',
    'oidc.sallyport.test',
    'iamcredentials.googleapis.com',
    'www.googleapis.com',
    'sts.eu-central-1.amazonaws.com',
    'registry.azurecr.io',
  ]) {
    expect(server.checkHost(host)).toBeDefined()
  }
  expect(server.checkIP('127.0.0.1')).toBeDefined()
  expect(server.checkIP('::1')).toBeDefined()
  expect(server.checkHost('vault.azure.net')).toBeUndefined()
  expect(server.ca).toBe(false)
})

it('keeps files readable by the owner alone, and no private key of the CA', async () => {
  const paths = await ensureCertificates(folder, now)
  for (const path of Object.values(paths)) expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(statSync(join(folder, 'tls')).mode & 0o777).toBe(0o700)
  const keys = readdirSync(join(folder, 'tls')).filter((file) =>
    read(join(folder, 'tls', file)).includes('PRIVATE KEY'),
  )
  expect(keys).toEqual(['server-key.pem'])
})

it('keeps a good set and renews it 30 days before its end', async () => {
  const { cert } = await ensureCertificates(folder, now)
  const first = read(cert)
  await ensureCertificates(folder, () => Date.now() + 360 * DAY)
  expect(read(cert)).toBe(first)
  const late = Date.now() + 370 * DAY
  await ensureCertificates(folder, () => late)
  expect(read(cert)).not.toBe(first)
  expect(new X509Certificate(read(cert)).validToDate.getTime()).toBeGreaterThan(late + 390 * DAY)
})

it.each(['ca.pem', 'server.pem', 'server-key.pem'])(
  'makes a new set when %s is missing, torn or of another set',
  async (file) => {
    const path = join(folder, 'tls', file)
    const { cert } = await ensureCertificates(folder, now)
    const first = read(cert)
    rmSync(path)
    await ensureCertificates(folder, now)
    const second = read(cert)
    expect(second).not.toBe(first)
    writeFileSync(path, read(path).slice(0, 100))
    await ensureCertificates(folder, now)
    const third = read(cert)
    expect(third).not.toBe(second)
    const other = mkdtempSync(join(tmpdir(), 'sallyport-tls-'))
    await ensureCertificates(other, now)
    copyFileSync(join(other, 'tls', file), path)
    rmSync(other, { recursive: true, force: true })
    await ensureCertificates(folder, now)
    expect(read(cert)).not.toBe(third)
  },
)

it('makes one set when many start at once', async () => {
  const sets = await Promise.all(
    Array.from({ length: 6 }, () => ensureCertificates(folder, now).then(({ cert }) => read(cert))),
  )
  expect(new Set(sets).size).toBe(1)
})

it('a client with the CA connects with all checks on; one without it refuses', async () => {
  const { ca, cert, key } = await ensureCertificates(folder, now)
  const server = createServer({ cert: read(cert), key: read(key) }, (_, response) => response.end('hello'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const ask = (options: { ca?: string; servername?: string }) =>
    new Promise<number | string>((resolve) => {
      const call = get({ host: '127.0.0.1', port, agent: false, ...options }, (response) => {
        response.resume()
        resolve(response.statusCode ?? 0)
      })
      call.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    })
  expect(await ask({ ca: read(ca), servername: 'x.vault.azure.net' })).toBe(200)
  expect(await ask({ ca: read(ca), servername: 'x.example.test' })).toBe('ERR_TLS_CERT_ALTNAME_INVALID')
  expect(await ask({ servername: 'x.vault.azure.net' })).toMatch(/UNABLE_TO|SELF_SIGNED/)
  await new Promise((resolve) => server.close(resolve))
})
