import { escapeHtml } from './escape-html.ts'
import type { Item } from './section.ts'

const BAR = { left: 130, width: 420, height: 22, gap: 10 }

/** Bars of how many secrets are how old, as inline SVG with its text; presentation attributes alone, since the page allows no inline style. */
export function chartOf(items: readonly Item[]): string {
  const counts = items.map(({ secrets }) => (typeof secrets === 'number' && secrets > 0 ? secrets : 0))
  const most = Math.max(1, ...counts)
  const bars = items.map(({ band = '' }, at) => {
    const count = counts[at] ?? 0
    const y = at * (BAR.height + BAR.gap)
    const width = Math.round((BAR.width * count) / most)
    const middle = y + BAR.height / 2 + 5
    return `<text x="0" y="${middle}">${escapeHtml(band)}</text><rect x="${BAR.left}" y="${y}" width="${width}" height="${BAR.height}" fill="#0969da"/><text x="${BAR.left + width + 8}" y="${middle}">${count}</text>`
  })
  const height = items.length * (BAR.height + BAR.gap)
  return `<svg role="img" aria-label="Secrets by age" viewBox="0 0 620 ${height}" width="620" height="${height}" font-family="system-ui,sans-serif" font-size="14">${bars.join('')}</svg>`
}
