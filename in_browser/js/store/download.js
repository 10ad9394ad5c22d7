// Gets what is missing of some files and goes on where it broke off: after a pause, a lost network, a closed tab.
const FIRST_WAIT_S = 1
const LONGEST_WAIT_S = 30
const STALL_MS = 20_000
const TELL_EVERY_MS = 200
// Over which the speed is told.
const SPEED_MS = 5000
// How often a file may turn out not to be what was promised.
const MAX_WRONG = 2

// The host has not what it should have; its message is for the person.
export class HostFailed extends Error {}

// files: as files.js has them. wanted: [{ path, bytes, sha256 }]. tell: is called with { done, total, part, parts,
// bytesPerS, secondsLeft, trouble, reason, waitS }, where trouble is null, "paused", "broken" or "full".
export class Download {
  #files
  #folder
  #wanted
  #tell
  #here = 0
  #part = 0
  #samples = []
  #isPaused = false
  #isStopped = false
  #stopping = new AbortController()
  #goOn = () => {}
  // Ranges of what a host compresses are ranges of something else.
  #hasRanges = true

  constructor({ files, folder, wanted, tell }) {
    this.#files = files
    this.#folder = folder
    this.#wanted = wanted
    this.#tell = tell
  }

  // Ends when every file is here and whole. Throws HostFailed, or whatever else once it was stopped.
  async run() {
    const sizes = await Promise.all(this.#wanted.map(({ sha256 }) => this.#files.size(sha256)))
    this.#here = sizes.reduce((sum, size, nth) => sum + Math.min(size, this.#wanted[nth].bytes), 0)
    for (const [nth, file] of this.#wanted.entries()) {
      this.#part = nth + 1
      await this.#get(file)
    }
  }

  pause() {
    this.#isPaused = true
    this.#stopping.abort()
  }

  // Ends for good: `run` throws.
  stop() {
    this.#isStopped = true
    this.#stopping.abort()
    this.#goOn()
  }

  // Goes on after a pause, and at once instead of after a wait.
  goOn() {
    this.#isPaused = false
    this.#goOn()
  }

  async #get(file) {
    let [nWrong, waitS] = [0, FIRST_WAIT_S]
    for (;;) {
      const before = this.#here
      try {
        if (await this.#append(file) && await this.#isWhole(file)) return
        await this.#drop(file)
        if (++nWrong === MAX_WRONG) throw new HostFailed(`The host sends other bytes than were written: ${file.path}.`)
      } catch (error) {
        if (this.#isStopped || error instanceof HostFailed) throw error
        if (this.#here > before) waitS = FIRST_WAIT_S
        await this.#wait(error, waitS)
        waitS = Math.min(LONGEST_WAIT_S, 2 * waitS)
      }
    }
  }

  // Appends what is missing of a file; false where more came than that.
  async #append(file) {
    const writer = await this.#files.open(file.sha256)
    try {
      if (writer.size >= file.bytes) return true
      this.#stopping = new AbortController()
      if (this.#isPaused || this.#isStopped) this.#stopping.abort()
      this.#say()
      const response = await this.#request(file, this.#hasRanges ? writer.size : 0)
      if (response.status !== 206) this.#restart(writer)
      return await this.#receive(response, file, writer)
    } finally {
      writer.close()
    }
  }

  // Gives a response whose body is what follows `from`, or, with another status than 206, all of the file.
  async #request({ path, sha256 }, from) {
    // A host's cache may have an older file of this name.
    const address = `${this.#folder}${path}?${sha256.slice(0, 12)}`
    const headers = from ? { Range: `bytes=${from}-` } : {}
    const stalled = setTimeout(() => this.#stopping.abort(), STALL_MS)
    const asked = fetch(address, { headers, cache: "no-store", signal: this.#stopping.signal })
    const response = await asked.finally(() => clearTimeout(stalled))
    const isRange = response.headers.get("content-range")?.startsWith(`bytes ${from}-`) && !response.headers.has("content-encoding")
    if (from && (response.status === 416 || response.status === 206 && !isRange)) {
      this.#hasRanges = false
      await response.body?.cancel()
      return this.#request({ path, sha256 }, 0)
    }
    if ([401, 403, 404, 410].includes(response.status)) throw new HostFailed(`The host does not have ${path} (${response.status}).`)
    if (!response.ok) throw new Error(`The host answered ${response.status}.`)
    return response
  }

  async #receive(response, { path, bytes: size }, writer) {
    const reader = response.body.getReader()
    const telling = setInterval(() => this.#say(), TELL_EVERY_MS)
    try {
      if (!await this.#receiveFrom(reader, size, writer)) return false
    } finally {
      clearInterval(telling)
    }
    // Of a whole file that ends well and is too short, nothing is worth keeping.
    if (response.status === 206 && writer.size < size) throw new Error(`${path} ended before its end.`)
    return true
  }

  // Whether that was no more than there can be.
  async #receiveFrom(reader, size, writer) {
    for (;;) {
      const stalled = setTimeout(() => this.#stopping.abort(), STALL_MS)
      const { done, value } = await reader.read().finally(() => clearTimeout(stalled))
      if (done) return true
      if (writer.size + value.length > size) {
        await reader.cancel()
        return false
      }
      writer.write(value)
      this.#here += value.length
    }
  }

  #restart(writer) {
    this.#here -= writer.size
    writer.restart()
  }

  async #drop({ sha256 }) {
    this.#here -= await this.#files.size(sha256)
    await this.#files.remove(sha256)
  }

  // Whether a file that is all here is what was promised.
  async #isWhole({ sha256, bytes }) {
    if (await this.#files.size(sha256) !== bytes) return false
    // Pages that are not secure cannot compare; what the network computes is compared all the same.
    if (!crypto.subtle) return true
    const digest = await crypto.subtle.digest("SHA-256", await this.#files.read(sha256))
    return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("") === sha256
  }

  // Waits until a person goes on, or, where nobody has to do anything, for some seconds.
  async #wait(error, waitS) {
    const isFull = error.name === "QuotaExceededError"
    const trouble = this.#isPaused ? "paused" : isFull ? "full" : "broken"
    if (trouble === "broken") console.warn(error)
    this.#samples = []
    const until = performance.now() + 1000 * waitS
    const goneOn = new Promise((resolve) => { this.#goOn = resolve })
    for (;;) {
      const leftMs = trouble === "broken" ? until - performance.now() : Infinity
      if (leftMs <= 0) return
      this.#say({ trouble, waitS: Number.isFinite(leftMs) ? Math.ceil(leftMs / 1000) : null })
      const isOver = await Promise.race([goneOn.then(() => true), ...Number.isFinite(leftMs) ? [within(Math.min(1000, leftMs))] : []])
      if (isOver) return
    }
  }

  #say(told = {}) {
    const now = performance.now()
    this.#samples = [...this.#samples.filter(({ at }) => now - at < SPEED_MS), { at: now, here: this.#here }]
    const [first] = this.#samples
    const total = this.#wanted.reduce((sum, { bytes }) => sum + bytes, 0)
    const bytesPerS = now - first.at > 500 ? 1000 * (this.#here - first.here) / (now - first.at) : null
    this.#tell({
      done: this.#here, total, part: this.#part, parts: this.#wanted.length,
      bytesPerS, secondsLeft: bytesPerS ? (total - this.#here) / bytesPerS : null,
      trouble: null, waitS: null, ...told,
    })
  }
}

function within(ms) {
  return new Promise((resolve) => setTimeout(() => resolve(false), ms))
}
