import { StorageError } from './table.ts'

/** 1 KiB of UTF-16. */
const MAX_KEY_LENGTH = 512

/** `/ \ # ?` and controls: Azure refuses them, Azurite answers some with a 500 (T16). */
// biome-ignore lint/suspicious/noControlCharactersInRegex: controls are what is looked for
const FORBIDDEN = /[/\\#?\u0000-\u001f\u007f-\u009f]/

/** Throws StorageError `invalid_key` unless the text can stand as a key; never cleans it, which could make two keys one. */
export function checkKey(key: string): void {
  checkBound(key)
  if (key === '' || key === '.' || key === '..') throw new StorageError('invalid_key')
}

/** The same for the end of a range, which need not be a key itself. */
export function checkBound(bound: string): void {
  if (typeof bound !== 'string' || bound.length > MAX_KEY_LENGTH || FORBIDDEN.test(bound) || !bound.isWellFormed()) {
    throw new StorageError('invalid_key')
  }
}
