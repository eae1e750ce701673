import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { findCompiler } from '../../local/infra/find-compiler.ts'

const empty = mkdtempSync(join(tmpdir(), 'sallyport-no-compiler-'))
afterAll(() => rmSync(empty, { recursive: true, force: true }))

/** Without one, .ci/run fails with this sentence: nothing passes unchecked. */
describe('the compiler that cannot be had', () => {
  it('is not replaced by another version', () => {
    expect(findCompiler({ SALLYPORT_BICEP: process.execPath }, empty)).toEqual({
      path: undefined,
      why: 'SALLYPORT_BICEP is not a Bicep CLI 0.49.2',
    })
  })

  it('is said to be missing where there is no dotnet either, with what to do', () => {
    expect(findCompiler({ PATH: empty }, empty)).toEqual({
      path: undefined,
      why: '`dotnet` could not be started. Set SALLYPORT_BICEP to a Bicep CLI 0.49.2',
    })
  })
})
