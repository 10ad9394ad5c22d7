// What has to go of that which is kept.

const DAY_MS = 86_400_000

// The ids of those that have to go; entries: newest first, { id, askedAt, pictureId, bytes }. A picture of several
// answers counts once.
export function tooMuch(entries, { maxBytes, maxDays }, now) {
  const seen = new Set()
  let bytes = 0
  const end = entries.findIndex(({ askedAt, pictureId, ...entry }) => {
    if (!seen.has(pictureId)) bytes += entry.bytes
    seen.add(pictureId)
    return bytes > maxBytes || now - askedAt > maxDays * DAY_MS
  })
  return end < 0 ? [] : entries.slice(end).map(({ id }) => id)
}
