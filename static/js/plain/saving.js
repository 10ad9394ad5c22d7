// What leaves the page as a file of the person's own.

// As many arguments as every engine takes.
const CHUNK_BYTES = 30_000

export function save(blob, name) {
  const url = URL.createObjectURL(blob)
  Object.assign(document.createElement("a"), { href: url, download: name }).click()
  // Only once it has been fetched; nobody says when that is.
  setTimeout(() => URL.revokeObjectURL(url), 60_000)
}

// "moonsight 2026-11-28 14.31.59", as every system allows in a name.
export function fileName(time) {
  const here = new Date(time - new Date(time).getTimezoneOffset() * 60_000)
  return `moonsight ${here.toISOString().slice(0, 19).replace("T", " ").replaceAll(":", ".")}`
}

// In base64, without the head of a data URL.
export async function base64Of(blob) {
  const bytes = new Uint8Array(await blob.arrayBuffer())
  let letters = ""
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
    letters += String.fromCharCode(...bytes.subarray(at, at + CHUNK_BYTES))
  }
  return btoa(letters)
}
