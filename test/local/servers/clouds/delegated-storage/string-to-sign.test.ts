import { describe, expect, it } from 'vitest'
import { stringToSign } from '../../../../../local/servers/clouds/delegated-storage/string-to-sign.ts'

/** Every parameter that any version signs, its own name for a value. */
const NAMES =
  'sp st se skoid sktid skt ske sks skv saoid suoid scid skdutid sduoid sip spr sr snapshot ses rscc rscd rsce rscl rsct spk srk epk erk'
const fields = (sv: string) => new Map([...NAMES.split(' ').map((name) => [name, name] as const), ['sv', sv] as const])
const text = (service: 'blob' | 'queue' | 'table', sv: string) =>
  stringToSign(fields(sv), { account: 'contoso', service, segments: [] }, '/resource')?.replaceAll('\n', ' ')

const KEY = 'skoid sktid skt ske sks skv'

/**
 * By version, as Microsoft's own libraries sign them (JavaScript, Java, Rust); the page that they follow is
 * learn.microsoft.com/rest/api/storageservices/create-user-delegation-sas.
 */
describe('the string to sign of a user-delegation SAS', () => {
  it.each([
    ['blob', '2020-12-06', `sp st se /resource ${KEY} saoid suoid scid sip spr 2020-12-06 sr snapshot ses`],
    [
      'blob',
      '2025-07-05',
      `sp st se /resource ${KEY} saoid suoid scid skdutid sduoid sip spr 2025-07-05 sr snapshot ses`,
    ],
    [
      'blob',
      '2026-04-06',
      `sp st se /resource ${KEY} saoid suoid scid skdutid sduoid sip spr 2026-04-06 sr snapshot ses  `,
    ],
  ] as const)('is that of a %s of version %s', (service, version, lines) => {
    expect(text(service, version)).toBe(`${lines} rscc rscd rsce rscl rsct`)
  })

  it('has 15 lines for a queue, and four more for the key range of a table', () => {
    const queue = `sp st se /resource ${KEY} skdutid sduoid sip spr 2025-07-05`
    expect(text('queue', '2025-07-05')).toBe(queue)
    expect(text('table', '2025-07-05')).toBe(`${queue} spk srk epk erk`)
    expect(queue.split(' ')).toHaveLength(15)
  })

  it('has an empty line for what the SAS does not say', () => {
    const place = { account: 'contoso', service: 'queue' as const, segments: [] }
    expect(stringToSign(new Map([['sv', '2025-07-05']]), place, '/r')).toBe(
      ['', '', '', '/r', ...Array(10).fill(''), '2025-07-05'].join('\n'),
    )
  })

  it('is none for a version that has no such SAS, nor for what is no version', () => {
    expect(text('blob', '2020-02-10')).toBeUndefined()
    expect(text('queue', '2025-05-05')).toBeUndefined()
    expect(text('table', '2020-12-06')).toBeUndefined()
    expect(text('blob', 'latest')).toBeUndefined()
  })
})
