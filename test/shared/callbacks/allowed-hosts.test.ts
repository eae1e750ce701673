import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { judgeUrl, NO_HOSTS, readAllowedHosts } from '../../../shared/callbacks/allowed-hosts.ts'
import { isPublicAddress } from '../../../shared/callbacks/public-address.ts'

const allowed = readAllowedHosts('hooks.example.com, *.logic.azure.com,127.0.0.1:8443', { stubs: true })
const isAllowed = (url: string, hosts = allowed) => !('refused' in judgeUrl(url, hosts))

describe('SALLYPORT_CALLBACK_HOSTS', () => {
  it.each(['*', '*.com.', 'HOOKS.example.com', 'https://a.example', '10.0.0.1', 'a.example:444', 'localhost', '[::1]'])(
    'refuses %s at start',
    (text) => {
      expect(() => readAllowedHosts(text, { stubs: true })).toThrow(text)
    },
  )

  it('refuses a port of this machine where stubs are not allowed', () => {
    expect(() => readAllowedHosts('127.0.0.1:8443', { stubs: false })).toThrow('127.0.0.1:8443')
  })

  it('allows nothing when it is empty', () => {
    expect(readAllowedHosts('', { stubs: false })).toEqual(NO_HOSTS)
    expect(isAllowed('https://hooks.example.com/', NO_HOSTS)).toBe(false)
  })
})

describe('judgeUrl (T44)', () => {
  it.each([
    'https://hooks.example.com/a?sig=x',
    'https://hooks.example.com:443/a',
    'https://prod-1.westeurope.logic.azure.com/workflows/1?sig=2',
    'https://127.0.0.1:8443/hook',
  ])('allows %s', (url) => {
    expect(isAllowed(url)).toBe(true)
  })

  it.each([
    'http://hooks.example.com/',
    'https://hooks.example.com:8443/',
    'https://user@hooks.example.com/',
    'https://hooks.example.com@evil.example/',
    'https://evil.example/#hooks.example.com',
    'https://evil.example\\@hooks.example.com/',
    'https://hooks.example.com.evil.example/',
    'https://evillogic.azure.com/',
    'https://logic.azure.com/',
    'https://hooks.example.com./',
    'https://HOOKS.example.com/',
    'https://hooks%2eexample.com/',
    'https://hooks.exam\u00ADple.com/',
    'https://127.0.0.1/hook',
    'https://127.0.0.1:8444/hook',
    'https://2130706433:8443/hook',
    'https://0x7f.1:8443/hook',
    'https://127.1:8443/',
    'https://[::ffff:127.0.0.1]:8443/',
    'https://169.254.169.254/metadata',
    ' https://hooks.example.com/',
    'https://hooks.example.com/a b',
    'https:hooks.example.com/',
    'file:///etc/passwd',
  ])('refuses %s', (url) => {
    expect(isAllowed(url)).toBe(false)
  })

  it('whatever is written, what is called is a host of the list', () => {
    const pieces = fc.constantFrom(
      'https://',
      'hooks.example.com',
      '.',
      '@',
      ':',
      '443',
      '/',
      '\\',
      '#',
      '?',
      '%2e',
      'evil.example',
      '127.0.0.1',
      '8443',
      '\t',
      'x',
    )
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 9 }), (parts) => {
        const judged = judgeUrl(`https://${parts.join('')}`, allowed)
        if ('refused' in judged) return
        expect(judged.url.protocol).toBe('https:')
        expect(judged.url.username + judged.url.password).toBe('')
        expect(['hooks.example.com', '127.0.0.1:8443']).toContain(judged.url.host)
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('isPublicAddress (T44)', () => {
  it.each(['8.8.8.8', '20.50.2.1', '2603:1030:20e:3::23c'])('knows %s as public', (address) => {
    expect(isPublicAddress(address)).toBe(true)
  })

  it.each([
    ...['127.0.0.1', '0.0.0.0', '10.1.2.3', '172.16.0.1', '192.168.1.1', '169.254.169.254', '100.64.0.1', '224.0.0.1'],
    ...['255.255.255.255', '240.0.0.1', '192.0.0.1', '198.18.0.1', '168.63.129.16', '::', '::1', 'fe80::1', 'fc00::1'],
    ...['ff02::1', 'fec0::1', '::ffff:8.8.8.8', '::8.8.8.8', '64:ff9b::8.8.8.8', '64:ff9b:1::a00:1', '2002:a00:1::'],
    ...['2001::1', '2001:db8::1', 'fe80::1%eth0', '', 'localhost', '08.8.8.8.8'],
  ])('refuses %s', (address) => {
    expect(isPublicAddress(address)).toBe(false)
  })

  it('refuses every address of the private ranges, mapped ones too', () => {
    const byte = fc.integer({ min: 0, max: 255 })
    fc.assert(
      fc.property(
        fc.constantFrom('10', '127', '192.168', '169.254', '172.20', '100.100'),
        byte,
        byte,
        byte,
        (net, a, b, c) => {
          const address = [...net.split('.'), a, b, c].slice(0, 4).join('.')
          for (const text of [address, `::ffff:${address}`, `64:ff9b::${address}`])
            expect(isPublicAddress(text)).toBe(false)
        },
      ),
    )
  })
})
