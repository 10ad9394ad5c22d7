// In the place of the tab's worker: obeys the test as paced_server.py does, with the same commands.
const TIMINGS = { queueMs: 100, decodeMs: 0, encodeMs: 600, prefillMs: 0, firstTokenMs: 900, totalMs: 2000 }
const MODEL = {
  state: "ready", model: "moondream2", revision: null, device: "cuda", dtype: null, memoryBytes: null, isDemo: false,
  notice: null, gpuFault: null, error: null, progress: null, upstream: null, tab: null,
}

const tell = (name, detail) => postMessage({ name, detail })

let [status, fateOfLooks, nFrames, usage] = [MODEL, "seen", 0, { nFed: 0, nWritten: 0 }]
let [open, commands] = [[], []]

// One line of a test, as `tell` of PacedServer writes it.
globalThis.obey = (line) => {
  const [name, rest] = split(line)
  if (name === "forget") [open, commands, fateOfLooks] = [[], [], "seen"]
  else if (name === "looks") fateOfLooks = rest
  else if (name === "status") become(JSON.parse(rest))
  else commands.push(line)
  work()
}

function split(line) {
  const at = line.indexOf(" ")
  return at < 0 ? [line, ""] : [line.slice(0, at), line.slice(at + 1)]
}

function become({ memory_bytes: memoryBytes, is_demo: isDemo, gpu_fault: gpuFault, progress, ...told }) {
  const named = { memoryBytes, isDemo, gpuFault }
  const known = Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined))
  status = { ...MODEL, ...told, ...known, progress: progress ? progressFrom(progress) : null }
  tell("status", status)
}

function progressFrom({ total = null, bytes_per_s: bytesPerS, seconds_left: secondsLeft, ...told }) {
  return { ...told, total, bytesPerS, secondsLeft }
}

function work() {
  while (commands.length && open.length) {
    const [name, rest] = split(commands.shift())
    DONE[name](open[0], rest)
  }
}

const DONE = {
  line({ id }, rest) {
    const [position, expectedMs] = rest.split(" ").map(Number)
    tell("waiting", { id, position, expectedMs })
  },
  begin: ({ id, frameId }) => tell("started", { id, frameId }),
  say(request, rest) {
    const text = JSON.parse(rest)
    request.text += text
    tell("token", { id: request.id, text })
  },
  find(request, rest) {
    const [a, b, c, d] = JSON.parse(rest)
    const place = c === undefined ? { x: a, y: b } : { xMin: a, yMin: b, xMax: c, yMax: d }
    request.places.push(place)
    tell("found", { id: request.id, place })
  },
  choose(request, rest) {
    const [choice, probabilities] = JSON.parse(rest)
    Object.assign(request, { choice, probabilities, text: choice })
    tell("token", { id: request.id, text: choice })
  },
  spend(request, rest) {
    const [nFed, nWritten] = rest.split(" ").map(Number)
    usage = { nFed, nWritten }
  },
  end: (request, reason) => end(request, reason),
  fail(request, rest) {
    const [errorCode, error] = split(rest)
    end(request, "error", { errorCode, error, isFrameForgotten: errorCode === "frame_forgotten" })
  },
  later(request, rest) {
    const [seconds, error] = split(rest)
    end(request, "error", { errorCode: "upstream_failed", error, retryAfterS: Number(seconds) })
  },
}

function end(request, reason, told = {}) {
  open = open.filter((each) => each !== request)
  const { id, skill, text, places, choice = null, probabilities = null } = request
  const isSearch = skill === "detect" || skill === "point"
  const isEmpty = text === "" && places.length === 0
  tell("response", {
    id, reason, usage, choice, probabilities,
    text: isSearch ? undefined : text,
    places: isSearch ? places : undefined,
    error: null, errorCode: null, retryAfterS: null, isFrameForgotten: false,
    timings: isEmpty ? { ...TIMINGS, firstTokenMs: null } : TIMINGS,
    ...told,
  })
}

function look({ id, frameId }) {
  if (fateOfLooks === "seen") tell("looked", { id, frameId })
  if (fateOfLooks === "refused") end({ id, skill: "look", text: "", places: [] }, "error", { errorCode: "busy", error: "Not now." })
}

function ask(request) {
  const asked = { ...request, frameId: request.frame.frameId ?? `frame-${++nFrames}`, text: "", places: [] }
  if (request.skill === "look") return look(asked)
  open.push(asked)
  if (status.state === "loading") tell("waiting", { id: request.id, position: open.length, expectedMs: null })
  work()
}

const HEARD = {
  open: () => tell("status", status),
  keep() {},
  ask,
  cancel(id) {
    const request = open.find((each) => each.id === id)
    if (request) end(request, "cancelled")
  },
}

addEventListener("message", ({ data: { name, detail } }) => HEARD[name](detail))
