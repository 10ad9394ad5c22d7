// Answers as one page that needs nothing else: pictures, marks, times, model and settings; it prints, too.
import { drawnMarks, isMarked } from "../plain/marked_picture.js"
import { base64Of } from "../plain/saving.js"
import { placesInTiles } from "../plain/tiles.js"
import { clock, deviceName, partWords, span } from "../plain/words.js"

const DAY = new Intl.DateTimeFormat("en-GB", { dateStyle: "full" })
const WORDS = { maxTokens: "at most so many tokens:", temperature: "temperature" }
// Nothing is fetched, and nothing runs.
const POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
const STYLE = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 0 auto; max-width: 46rem; padding: 1.5rem; }
h2 { border-top: 1px solid; font-size: 1rem; margin: 2rem 0 1rem; padding-top: .75rem; }
article { break-inside: avoid; margin: 0 0 2rem; }
figure { margin: 0 0 .5rem; position: relative; width: fit-content; }
img { border-radius: 8px; display: block; height: auto; max-height: 90vh; max-width: 100%; }
svg { height: 100%; inset: 0; position: absolute; width: 100%; }
h3 { font-size: 1.1rem; margin: 0; }
p { margin: .25rem 0; white-space: pre-line; }
h3, p { overflow-wrap: anywhere; unicode-bidi: plaintext; }
small { opacity: .75; }
@media print { body { max-width: none; padding: 0; } }
`

// kept: promises { answer, frame } one after the other, newest first. Tells how many are done. Returns a Blob.
export async function pageFile(kept, onProgress) {
  const title = `Moonsight, ${DAY.format(Date.now())}`
  const head = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${escaped(title)}</title>`
    + `<meta http-equiv="Content-Security-Policy" content="${POLICY}">`
    + `<meta name="viewport" content="width=device-width, initial-scale=1"><style>${STYLE}</style></head>`
    + "<body><h1>Answers</h1>"
  // Each a Blob: no more than one picture is in memory as text.
  const parts = [new Blob([head])]
  let day = ""
  let n = 0
  for await (const { answer, frame } of kept) {
    const isNewDay = DAY.format(answer.askedAt) !== day
    day = DAY.format(answer.askedAt)
    parts.push(new Blob([isNewDay ? `<h2>${escaped(day)}</h2>` : "", await article(answer, frame)]))
    onProgress(n += 1)
  }
  return new Blob([...parts, "</body></html>"], { type: "text/html" })
}

async function article(answer, frame) {
  const { title, asked, outcome } = answer
  const { text, places, error } = outcome
  const marked = { name: asked.object ?? "", places, pointed: asked.spatialRefs?.[0] ?? null }
  const marks = isMarked(marked) ? drawnMarks(marked, frame) : ""
  const alt = placesInTiles(marked.name, places, frame.tiles) || "The picture this is about"
  const image = `data:${frame.blob.type};base64,${await base64Of(frame.blob)}`
  const size = `width="${Number(frame.width)}" height="${Number(frame.height)}"`
  return `<article><figure><img src="${image}" ${size} alt="${escaped(alt)}">${marks}</figure>`
    + `<h3>${escaped(title)}</h3><p>${escaped(text)}</p>${error ? `<p>${escaped(error)}</p>` : ""}`
    + `<p><small>${escaped(factsOf(answer, frame))}</small></p></article>`
}

// "14:31 · 1.8 s · demo on the CPU, float32 · temperature 0.3"
function factsOf({ askedAt, asked: { spatialRefs }, outcome: { timings }, model, settings }, { closer }) {
  const total = Number.isFinite(timings?.totalMs) ? span(timings.totalMs) : null
  const by = [model.device ? `${model.name} on ${deviceName(model.device)}` : model.name, model.dtype].filter(Boolean)
  const chosen = Object.entries(settings).map(([name, value]) => `${WORDS[name] ?? name} ${value}`)
  return [clock(askedAt), total, by.join(", "), ...partWords(spatialRefs, closer), ...chosen].filter(Boolean).join(" · ")
}

function escaped(words) {
  const signs = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" }
  return String(words).replace(/[&<>"]/g, (sign) => signs[sign])
}
