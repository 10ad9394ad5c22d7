// A model from its files: the manifest says which there are and what for.
import { readConfig } from "../network/config.js"
import { Embedding, halves, Network } from "../network/network.js"
import { Prompts } from "../network/prompts.js"
import { Skills } from "../network/skills.js"
import { Tokenizer } from "../network/tokenizer.js"
import { Plans } from "./plans.js"

// Reads files of a folder, an address that ends with a slash: their bytes by path.
export function readerOf(folder) {
  return async (path) => new Uint8Array(await (await fetch(folder + path)).arrayBuffer())
}

export async function readManifest(read) {
  return parsed(await read("model.json"))
}

// manifest: as in_browser/model.py writes it. read: a file's bytes by its path. onRead: called with each file that was
// read. ort: the runtime, providers: where its graphs run, in its own names.
export async function openModel({ ort, providers, manifest, read, onRead = () => {} }) {
  // What runs is one thread: more would need headers that not every host sends.
  ort.env.wasm.numThreads = 1
  const config = readConfig(manifest.config)
  const weights = await Promise.all(manifest.weights.map(async (path) => ({ path, data: await read(path) })))
  const sessions = {}
  for (const [name, path] of Object.entries(manifest.graphs)) {
    const options = { executionProviders: providers, externalData: weights, logSeverityLevel: 3 }
    sessions[name] = await ort.InferenceSession.create(await read(path), options)
    onRead(name)
  }
  const tokenizer = new Tokenizer(parsed(await read("tokenizer.json")))
  const table = (name) => numbersOf(weights, manifest.tables[name])
  const tables = {
    embedding: new Embedding(table("embedding"), config.text.dim),
    coordFeatures: wholes(table("coord_features")),
    sizeFeatures: wholes(table("size_features")),
  }
  const network = new Network({ ort, sessions, config, tables })
  const prompts = new Prompts(config.tokenizer, tokenizer)
  const skills = new Skills(config.tokenizer, tokenizer, prompts)
  return { network, tokenizer, prompts, skills, plans: new Plans(prompts, skills, config), config }
}

// A copy, since what lies in a file may begin anywhere, and the file is let go of.
function numbersOf(weights, { path, offset, length, type }) {
  const { data } = weights.find((each) => each.path === path)
  const bytes = data.slice(offset, offset + length).buffer
  return type === "F16" ? new Uint16Array(bytes) : new Float32Array(bytes)
}

function parsed(bytes) {
  return JSON.parse(new TextDecoder().decode(bytes))
}

function wholes(numbers) {
  return numbers instanceof Float32Array ? numbers : halves(numbers)
}
