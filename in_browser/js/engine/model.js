// A model from its files: the manifest says which there are and what for.
import { readConfig } from "../network/config.js"
import { Embedding, halves, namesOfKept, Network } from "../network/network.js"
import { Prompts } from "../network/prompts.js"
import { Skills } from "../network/skills.js"
import { Tokenizer } from "../network/tokenizer.js"
import { Plans } from "./plans.js"

// Reads files of a folder, an address that ends with a slash: their bytes by path, or some of them.
export function readerOf(folder) {
  return async (path, offset = 0, length = Infinity) => {
    const bytes = new Uint8Array(await (await fetch(folder + path)).arrayBuffer())
    return bytes.subarray(offset, Math.min(bytes.length, offset + length))
  }
}

// manifest: as in_browser/model.py writes it. read: a file's bytes by its path, offset and length. onRead: called with the
// name of each graph that was read. ort: the runtime, providers: where its graphs run, in its own names.
export async function openModel({ ort, providers, manifest, read, onRead = () => {} }) {
  const config = readConfig(manifest.config)
  const sessions = await openSessions({ ort, providers, manifest, config, read, onRead })
  const tokenizer = new Tokenizer(parsed(await read("tokenizer.json")))
  const table = (name) => readNumbers(read, manifest.tables[name])
  const tables = {
    embedding: new Embedding(await table("embedding"), config.text.dim),
    coordFeatures: wholes(await table("coord_features")),
    sizeFeatures: wholes(await table("size_features")),
  }
  const network = new Network({ ort, sessions, config, tables })
  const prompts = new Prompts(config.tokenizer, tokenizer)
  const skills = new Skills(config.tokenizer, tokenizer, prompts)
  const close = () => Promise.all(Object.values(sessions).map((session) => session.release()))
  return { network, tokenizer, prompts, skills, plans: new Plans(prompts, skills, config), config, close }
}

// One session for each graph. At any time no more weights are held than those of one graph.
async function openSessions({ ort, providers, manifest, config, read, onRead }) {
  const [sessions, held] = [{}, new Map()]
  const isGpu = providers.some(({ name }) => name === "webgpu")
  for (const [name, { path, weights }] of Object.entries(manifest.graphs)) {
    for (const each of [...held.keys()]) if (!weights.includes(each)) held.delete(each)
    for (const each of weights) if (!held.has(each)) held.set(each, await read(each))
    sessions[name] = await ort.InferenceSession.create(await read(path), {
      executionProviders: providers,
      externalData: weights.map((each) => ({ path: each, data: held.get(each) })),
      logSeverityLevel: 3,
      // What a row keeps stays where it is computed.
      ...isGpu && name === "decoder" && { preferredOutputLocation: placesOfKept(config.text) },
    })
    onRead(name)
  }
  return sessions
}

function placesOfKept({ nLayers }) {
  return Object.fromEntries(namesOfKept(nLayers).map((name) => [`present_${name}`, "gpu-buffer"]))
}

// A copy, since what lies in a file may begin anywhere, and the file is let go of.
async function readNumbers(read, { places, type }) {
  const bytes = new Uint8Array(places.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const { path, offset, length } of places) {
    bytes.set(await read(path, offset, length), at)
    at += length
  }
  return type === "F16" ? new Uint16Array(bytes.buffer) : new Float32Array(bytes.buffer)
}

function parsed(bytes) {
  return JSON.parse(new TextDecoder().decode(bytes))
}

function wholes(numbers) {
  return numbers instanceof Float32Array ? numbers : halves(numbers)
}
