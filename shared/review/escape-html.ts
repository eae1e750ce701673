const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '`': '&#96;',
}

/**
 * Text for element content and quoted attributes. What is invisible or turns the direction of writing is shown as its code
 * point, so that no name looks like another.
 */
export const escapeHtml = (value: string | number | boolean): string =>
  String(value)
    .replaceAll(/[&<>"'`]/g, (found) => ENTITIES[found] ?? '')
    .replaceAll(
      /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu,
      (found) => `[U+${(found.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}]`,
    )
