// The model's own thread in the tab: hears what the page asks, tells what happens in the page's own names.
import * as ort from "../runtime/ort.wasm.bundle.min.mjs"
import { Engine } from "./engine/engine.js"
import { openModel, readerOf, readManifest } from "./engine/model.js"

const PROVIDERS = ["wasm"]

// What comes before the model is there waits for it.
const waiting = []
let engine = null

const tell = (name, detail) => postMessage({ name, detail })

addEventListener("message", ({ data: { name, detail } }) => {
  if (name === "open") open(detail).catch((error) => {
    console.error(error)
    tell("status", { ...status, state: "failed", error: error.message })
  })
  else if (engine) engine[name](detail)
  else waiting.push([name, detail])
})

const status = {
  state: "loading", model: null, revision: null, device: "wasm", dtype: null, memoryBytes: null, isDemo: false,
  notice: null, gpuFault: null, error: null, progress: null, upstream: null,
}

// folder: where the model's files lie. maxPixels: of a picture.
async function open({ folder, maxPixels }) {
  const read = readerOf(folder)
  const manifest = await readManifest(read)
  Object.assign(status, { model: manifest.name, isDemo: manifest.name === "demo", dtype: manifest.format })
  tell("status", { ...status })
  const total = Object.keys(manifest.graphs).length
  let done = 0
  const onRead = () => tell("status", { ...status, progress: { stage: "reading", done: ++done, total } })
  const model = await openModel({ ort, providers: PROVIDERS, manifest, read, onRead })
  engine = new Engine({ ...model, maxPixels, tell })
  Object.assign(status, { state: "ready" })
  tell("status", { ...status })
  for (const [name, detail] of waiting.splice(0)) engine[name](detail)
}
