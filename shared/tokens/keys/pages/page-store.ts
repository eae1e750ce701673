/** A document as it stands on the page. */
export type StoredPage = { text: string; etag: string; modifiedAt: number }

/** Where public documents stand. Both throw StorageError. */
export type PageStore = {
  read(name: string): Promise<StoredPage | undefined>
  /** Only over what was read (`undefined`: only where nothing stands); `conflict` when somebody else wrote meanwhile. */
  write(name: string, text: string, over: StoredPage | undefined): Promise<'done' | 'conflict'>
}
