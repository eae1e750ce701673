export const XMLNS = 'https://sts.amazonaws.com/doc/2011-06-15/'

const ESCAPES: Record<string, string> = { '<': '&lt;', '>': '&gt;', '&': '&amp;', '"': '&quot;' }

const escaped = (text: string) => text.replaceAll(/[<>&"]/g, (char) => ESCAPES[char] ?? char)

/** One element with simple children. */
export function element(name: string, children: Record<string, string>): string {
  const inside = Object.entries(children).map(([child, text]) => `<${child}>${escaped(text)}</${child}>`)
  return `<${name}>${inside.join('')}</${name}>`
}
