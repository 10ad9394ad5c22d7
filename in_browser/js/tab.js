// The model of one tab: from what the host has to an engine that answers. Tells "status" in the page's own names.
import { compare, WrongNumbers } from "./engine/check.js"
import { hasGpu, ways } from "./engine/devices.js"
import { Engine } from "./engine/engine.js"
import { openModel } from "./engine/model.js"
import { Refused } from "./engine/requests.js"
import { Download } from "./store/download.js"
import { openFiles } from "./store/files.js"
import { readManifest, readModels, refusalOf, survey } from "./store/models.js"

// Several tabs share what is kept: one gets it, the others wait for it.
const LOCK = "moonsight-models"
const LOST = new Refused("device_lost", "The graphics card went away meanwhile. Ask again.")
const MEMORY = /out of memory|bad_alloc|allocation failed|OOM/i

export class Tab {
  #folder
  #maxPixels
  #wish
  #tell
  #files = null
  #models = []
  #model = null
  #manifest = null
  #download = null
  #engine = null
  // Whether there was a GPU when that was asked last.
  #hasGpu = false
  // Ways to run that failed in this tab, and why: they are not tried again.
  #unsound = new Map()
  // What is asked before somebody can answer.
  #waiting = []
  // Each opening has a number; an older one that comes to its end is of no interest.
  #opening = 0
  #status = {
    state: "loading", model: null, revision: null, device: null, dtype: null, memoryBytes: null, isDemo: false,
    notice: null, gpuFault: null, error: null, progress: null, upstream: null, cluster: null,
    tab: { models: [], free: null, isKept: true, isPersistent: false, bytes: 0, why: null, checkedAt: null, trouble: null },
  }

  // folder: where the models lie, an address that ends with a slash. maxPixels: of a picture. wish: "wasm" or "webgpu"
  // where just that is wanted. tell: called with each event's name and detail.
  constructor({ folder, maxPixels, wish, tell }) {
    this.#folder = folder
    this.#maxPixels = maxPixels
    this.#wish = wish
    this.#tell = tell
  }

  // Finds out what there is, and opens the model that was chosen before, if any.
  open(choice) {
    return this.#trying(async (opening) => {
      this.#say({ progress: { stage: "finding", done: 0, total: null } })
      this.#files ??= await openFiles()
      this.#models = await readModels(this.#folder)
      await this.#survey()
      const model = this.#models.find(({ name }) => name === choice)
      if (model) await this.#open(model, opening)
      else this.#say({ state: "absent", progress: null })
    })
  }

  // Gets a model of a name and opens it.
  get(name) {
    return this.#trying((opening) => {
      const model = this.#models.find((each) => each.name === name)
      if (!model) throw new Error(`There is no model ${name} here.`)
      return this.#open(model, opening)
    })
  }

  pause() {
    this.#download?.pause()
  }

  // After a pause, a break, a lack of room or a failure.
  goOn() {
    if (this.#download) this.#download.goOn()
    else if (this.#status.state === "failed") this.open(this.#model?.name)
  }

  // Deletes what is kept of the model.
  async remove() {
    this.#opening++
    this.#download?.stop()
    this.#abandon()
    await locked(async () => {
      for (const { sha256 } of this.#manifest?.files ?? []) await this.#files.remove(sha256)
    })
    this.#model = this.#manifest = null
    await this.#survey()
    this.#say({ state: "absent", model: null, device: null, dtype: null, isDemo: false, error: null, progress: null }, { trouble: null, why: null })
  }

  ask(request) {
    if (this.#engine) this.#engine.ask(request)
    else this.#waiting.push(request)
  }

  cancel(id) {
    this.#engine?.cancel(id)
    this.#waiting = this.#waiting.filter((each) => each.id !== id)
  }

  async #open(model, opening) {
    this.#model = model
    const { manifest, folder } = await readManifest(this.#folder, model)
    this.#manifest = manifest
    this.#say({ state: "loading", error: null, ...told(manifest) }, { bytes: model.bytes, trouble: null })
    await this.#fetch(folder, opening)
    await this.#load(opening)
  }

  // Makes sure that every file is here and whole.
  async #fetch(folder, opening) {
    const parts = this.#manifest.files.length
    const waiting = setTimeout(() => this.#say({ progress: { stage: "finding", done: 0, total: null, trouble: "elsewhere" } }), 500)
    await locked(async () => {
      clearTimeout(waiting)
      if (opening !== this.#opening) return
      const tell = (progress) => opening === this.#opening && this.#sayDownload({ stage: "downloading", ...progress })
      this.#download = new Download({ files: this.#files, folder, wanted: this.#manifest.files, tell })
      await this.#download.run().finally(() => { this.#download = null })
    })
    this.#say({ progress: { stage: "reading", done: 0, total: parts, parts } }, { trouble: null })
  }

  async #sayDownload(progress) {
    if (progress.trouble !== "full") return this.#say({ state: "loading", progress }, { trouble: null })
    await this.#survey()
    this.#say({ state: "failed", progress: null }, { trouble: { kind: "full", here: progress.done, missing: progress.total - progress.done } })
  }

  // Opens the graphs where they compute what was recorded.
  async #load(opening) {
    const { isLarge } = this.#model
    const ofFile = new Map(this.#manifest.files.map(({ path, sha256 }) => [path, sha256]))
    const read = (path, offset, length) => this.#files.read(ofFile.get(path), offset, length)
    let why = isLarge || this.#wish || !this.#hasGpu ? null : "small"
    const parts = this.#manifest.files.length
    for (const { name, device, isDoubted, open } of await ways({ isLarge, wish: this.#wish })) {
      why = this.#unsound.get(name) ?? why
      if (this.#unsound.has(name)) continue
      this.#say({ device }, { why })
      try {
        const way = await open()
        const graphs = Object.keys(this.#manifest.graphs)
        const onRead = (name) => this.#say({ progress: { stage: "reading", done: 1 + graphs.indexOf(name), total: graphs.length, parts } })
        const model = await openModel({ ...way, manifest: this.#manifest, read, onRead })
        const onDone = (done) => this.#say({ progress: { stage: "comparing", done, total: 1, parts } })
        onDone(0)
        await compare(model.network, this.#manifest.recorded, onDone)
        if (opening === this.#opening) this.#ready(model, way)
        else await model.close()
        return
      } catch (error) {
        console.warn(error)
        if (device === "wasm") throw error
        // The next way is tried, and this is why.
        why = error instanceof WrongNumbers ? isDoubted ? "doubted" : "wrong" : "broken"
        this.#unsound.set(name, why)
      }
    }
  }

  #ready(model, way) {
    this.#engine = new Engine({ ...model, maxPixels: this.#maxPixels, tell: this.#tell, lost: way.lost })
    this.#say({ state: "ready", progress: null }, { checkedAt: Date.now() })
    this.#tidy().catch((error) => console.warn(error))
    for (const request of this.#waiting.splice(0)) this.#engine.ask(request)
    const { opening, engine } = { opening: this.#opening, engine: this.#engine }
    way.lost.then(() => engine === this.#engine && opening === this.#opening && this.#reopen())
  }

  // The device is gone: what nobody has heard a word of is asked again.
  #reopen() {
    this.#abandon()
    return this.#trying((opening) => this.#open(this.#model, opening))
  }

  #abandon() {
    if (this.#engine) this.#waiting.unshift(...this.#engine.abandon(LOST))
    this.#engine = null
  }

  async #trying(doing) {
    const opening = ++this.#opening
    try {
      await doing(opening)
    } catch (error) {
      if (opening !== this.#opening) return
      // The page says it, too: this is for whoever looks closer.
      console.warn(error)
      const isMemory = error instanceof RangeError || MEMORY.test(error.message)
      this.#say({ state: "failed", progress: null, error: isMemory ? null : error.message }, { trouble: isMemory ? { kind: "memory" } : null })
    }
  }

  async #survey() {
    this.#hasGpu = await hasGpu()
    const found = await survey(this.#wish === "webgpu" || this.#hasGpu)
    const models = this.#models.map((model) => ({ ...model, isDemo: model.name === "demo", refusal: refusalOf(model, found) }))
    const isPersistent = await navigator.storage?.persisted?.() ?? false
    this.#say({}, { models, free: found.free, isKept: this.#files.isKept, isPersistent })
  }

  // Deletes what is of no use to any model that there is: files of older versions.
  async #tidy() {
    const manifests = await Promise.all(this.#models.map((model) => readManifest(this.#folder, model)))
    const wanted = new Set(manifests.flatMap(({ manifest }) => manifest.files.map(({ sha256 }) => sha256)))
    await locked(async () => {
      for (const name of await this.#files.names()) if (!wanted.has(name)) await this.#files.remove(name)
    })
  }

  #say(status, tab = {}) {
    this.#status = { ...this.#status, ...status, tab: { ...this.#status.tab, ...tab } }
    this.#tell("status", this.#status)
  }
}

function told({ name, format }) {
  return { model: name, isDemo: name === "demo", dtype: format }
}

// One tab at a time; browsers without locks have no files to share either.
function locked(doing) {
  return navigator.locks ? navigator.locks.request(LOCK, doing) : doing()
}
