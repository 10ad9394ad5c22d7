import assert from "node:assert/strict"
import { test } from "node:test"

import {
  alertPayloadFor, checkPayloadFor, EVENT_NAMES, payloadFor, READERS, sharePayloadFor, shownPayloadFor,
} from "../../static/js/line/wire.js"

const BOX = { x_min: 0.1, y_min: 0.2, x_max: 0.3, y_max: 0.4 }
const BOX_READ = { xMin: 0.1, yMin: 0.2, xMax: 0.3, yMax: 0.4 }
const TIMINGS = { queue_ms: 1, decode_ms: 2, encode_ms: 3, prefill_ms: 4, first_token_ms: null, total_ms: 6 }
const TIMINGS_READ = { queueMs: 1, decodeMs: 2, encodeMs: 3, prefillMs: 4, firstTokenMs: null, totalMs: 6 }
const STATUS = { model: "moondream2", revision: "2025-06-21", device: "cuda", dtype: "bfloat16", notice: "", error: "" }
const FORGOTTEN = { code: "frame_forgotten", message: "Send the picture again." }

const read = (name, payload) => JSON.parse(JSON.stringify(READERS[name](payload)))

test("status is read with its progress", () => {
  const progress = { stage: "downloading", done: 1, total: 2, bytes_per_s: 3, seconds_left: 4 }
  const payload = { ...STATUS, status: "loading", memory_bytes: 5, is_demo: false, gpu_fault: "Old.", max_running: 6, progress }
  const progressRead = { stage: "downloading", done: 1, total: 2, bytesPerS: 3, secondsLeft: 4 }
  const wanted = { ...STATUS, state: "loading", memoryBytes: 5, isDemo: false, gpuFault: "Old.", progress: progressRead, upstream: null, cluster: null, tab: null }
  assert.deepEqual(read("status", payload), wanted)
  assert.equal(read("status", { ...payload, progress: null }).progress, null)
})

test("status of a cluster is read with how many answer there", () => {
  const cluster = { address: "10.0.0.5:6379", is_here: false, is_reached: true, n_replicas: 2 }
  const wanted = { address: "10.0.0.5:6379", isReached: true, nReplicas: 2 }
  assert.deepEqual(read("status", { ...STATUS, status: "ready", cluster }).cluster, wanted)
})

test("status of other servers is read with their models and what each was seen to do", () => {
  const abilities = [{ model: "a", sees: false, streams: null, missing: [["detect", "no places came back"]] }]
  const upstream = { hosts: ["api.example"], is_here: false, models: ["a", "b"], abilities }
  const wanted = { hosts: ["api.example"], isHere: false, models: ["a", "b"] }
  const abilitiesRead = [{ model: "a", sees: false, missing: { detect: "no places came back" } }]
  assert.deepEqual(read("status", { ...STATUS, status: "ready", upstream }).upstream, { ...wanted, abilities: abilitiesRead })
})

const WISHES = {
  model: "b", instruction: "Be brief.", caption: "", coordinates: "auto", longerSidePx: 768, quality: 70,
  maxTokens: 100, temperature: 0,
}
const SETTINGS = {
  max_tokens: 100,
  temperature: 0,
  upstream: { model: "b", instruction: "Be brief.", caption: "", coordinates: "auto", longer_side_px: 768, quality: 70 },
}

test("wishes travel as settings where another server answers, and with a test of it", async () => {
  const { settings } = await payloadFor({ id: "a", question: "What?", wishes: WISHES, frame: { frameId: "f" } })
  assert.deepEqual(settings, SETTINGS)
  assert.deepEqual(checkPayloadFor({ id: "a", wishes: WISHES }), { id: "a", settings: SETTINGS })
  assert.ok(!("settings" in await payloadFor({ id: "a", question: "What?", wishes: null, frame: { frameId: "f" } })))
})

test("a question says which places it speaks of", async () => {
  const spatialRefs = [{ x: 0.5, y: 0.25 }, { xMin: 0, yMin: 0.1, xMax: 0.2, yMax: 0.3 }]
  const asked = await payloadFor({ id: "a", question: "What?", spatialRefs, frame: { frameId: "f" } })
  assert.deepEqual(asked.spatial_refs, [[0.5, 0.25], [0, 0.1, 0.2, 0.3]])
})

test("a person's question says how its answer is chosen, but where another server has its own wishes", async () => {
  const asked = { id: "a", question: "What?", sampling: { maxTokens: 64, temperature: 0.7 }, frame: { frameId: "f" } }
  assert.deepEqual((await payloadFor(asked)).settings, { max_tokens: 64, temperature: 0.7 })
  assert.deepEqual((await payloadFor({ ...asked, wishes: WISHES })).settings, SETTINGS)
})

test("step of a test is read, also one that could not be tried", () => {
  const step = { id: "a", what: "sees", words: "Sees pictures.", remedy: "" }
  assert.deepEqual(read("checked", { ...step, is_well: null }), { id: "a", isWell: null, words: "Sees pictures.", remedy: "" })
})

test("tokens and the time to try again are read where they are told", () => {
  const usage = { prompt_tokens: 300, completion_tokens: 20 }
  const error = { code: "busy", message: "Later.", retry_after_s: 7 }
  const { usage: usageRead, retryAfterS } = read("response", { id: "a", usage, error })
  assert.deepEqual([usageRead, retryAfterS], [{ nFed: 300, nWritten: 20 }, 7])
})

test("place in line is read", () => {
  const place = { id: "a", position: 2 }
  assert.deepEqual(read("waiting", { ...place, expected_ms: 1300 }), { ...place, expectedMs: 1300 })
})

test("name of a frame that the server keeps is its frameId", () => {
  assert.deepEqual(read("started", { id: "a", frame: "f", queue_ms: 1 }), { id: "a", frameId: "f" })
  assert.deepEqual(read("looked", { id: "a", frame: null, timings: TIMINGS }), { id: "a", frameId: null })
})

test("box and point are read as they are found", () => {
  assert.deepEqual(read("found", { id: "a", place: BOX }), { id: "a", place: BOX_READ })
  assert.deepEqual(read("found", { id: "a", place: { x: 0, y: 1 } }), { id: "a", place: { x: 0, y: 1 } })
})

for (const name of ["answer", "caption"]) {
  test(`response reads its ${name} as text`, () => {
    const response = read("response", { id: "a", [name]: "Red.", finish_reason: "stop", timings: TIMINGS })
    const failure = { error: null, errorCode: null, retryAfterS: null, isFrameForgotten: false }
    const ending = { reason: "stop", timings: TIMINGS_READ, usage: null, ...failure }
    assert.deepEqual(response, { id: "a", text: "Red.", choice: null, probabilities: null, ...ending })
  })
}

for (const [name, sent, wanted] of [["objects", BOX, BOX_READ], ["points", { x: 0, y: 1 }, { x: 0, y: 1 }]]) {
  test(`response reads its ${name} as places`, () => {
    assert.deepEqual(read("response", { id: "a", [name]: [sent], finish_reason: "stop" }).places, [wanted])
  })
}

test("response to choices reads the one and the probability of each", () => {
  const sent = { id: "a", answer: "no", choice: "no", probabilities: [0.25, 0.75], finish_reason: "stop" }
  const { text, choice, probabilities } = read("response", sent)
  assert.deepEqual({ text, choice, probabilities }, { text: "no", choice: "no", probabilities: [0.25, 0.75] })
})

test("failure is read as its sentence and its code", () => {
  const error = { code: "busy", message: "Try again in 2 s." }
  const response = read("response", { id: "a", finish_reason: "error", answer: error.message, error })
  assert.equal(response.error, "Try again in 2 s.")
  assert.equal(response.errorCode, "busy")
  assert.equal(response.isFrameForgotten, false)
})

test("forgotten frame is told from a picture that cannot be read", () => {
  assert.equal(read("response", { id: "a", error: FORGOTTEN }).isFrameForgotten, true)
  assert.equal(read("response", { id: "a", error: { ...FORGOTTEN, code: "bad_image" } }).isFrameForgotten, false)
})

test("frame that the server keeps is asked about by its name", async () => {
  const frame = { frameId: "f", blob: new Blob(["jpeg"]) }
  const payload = await payloadFor({ id: "a", question: "What is it?", frame })
  assert.deepEqual(JSON.parse(JSON.stringify(payload)), { id: "a", question: "What is it?", frame: "f" })
})

test("frame that the server does not keep travels as its bytes", async () => {
  const frame = { frameId: null, blob: new Blob(["jpeg"]) }
  const { image, ...payload } = await payloadFor({ id: "a", object: "mug", frame })
  assert.deepEqual(JSON.parse(JSON.stringify(payload)), { id: "a", object: "mug" })
  assert.equal(Buffer.from(image).toString(), "jpeg")
})

test("what a loop asks is marked as live", async () => {
  const frame = { frameId: "f", blob: new Blob(["jpeg"]) }
  assert.equal((await payloadFor({ id: "a", question: "What?", isLive: true, frame })).live, true)
  assert.ok(!("live" in await payloadFor({ id: "a", question: "What?", frame })))
})

test("an alert goes out with its time in words and its picture as bytes, and nothing else of it", async () => {
  const alert = { id: "a", rule: "Kettle", kind: "object", object: "steam", count: 2, probability: 0.9 }
  const toldAt = Date.UTC(2026, 2, 1, 9, 30)
  const payload = await alertPayloadFor({ ...alert, toldAt, blob: new Blob(["jpeg"]), frame: {}, ways: {} })
  assert.deepEqual(new Uint8Array(payload.image), new TextEncoder().encode("jpeg"))
  delete payload.image
  assert.deepEqual(JSON.parse(JSON.stringify(payload)), { ...alert, told_at: "2026-03-01T09:30:00.000Z" })
  assert.deepEqual(await alertPayloadFor({ ...alert, toldAt, blob: null }), payload)
})

test("an alert's end is read with the sentence for the person, or none", () => {
  assert.deepEqual(READERS.alerted({ id: "a", is_delivered: true }), { id: "a", isDelivered: true, error: null })
  const error = { code: "busy", message: "Too many." }
  assert.deepEqual(READERS.alerted({ id: "a", is_delivered: false, error }), { id: "a", isDelivered: false, error: "Too many." })
})

test("question goes out with its choices", async () => {
  const asked = { id: "a", question: "Is it red?", choices: ["yes", "no"] }
  const payload = await payloadFor({ ...asked, frame: { frameId: "f", blob: null } })
  assert.deepEqual(JSON.parse(JSON.stringify(payload)), { ...asked, frame: "f" })
})

test("what a program wants to see is read, and answered by a frame or a reason", async () => {
  const asked = READERS.program({ id: "a", skill: "query", question: "Why?", length: "short" })
  assert.deepEqual(asked, { id: "a", skill: "query", question: "Why?", object: undefined })
  const blob = new Blob(["jpeg"])
  const { id, image } = await shownPayloadFor({ id: "a", frame: { blob } })
  assert.deepEqual([id, image.byteLength], ["a", 4])
  for (const [reason, error] of [["off", "not_shared"], ["hidden", "hidden"], ["blind", "nothing_to_see"]]) {
    assert.deepEqual(await shownPayloadFor({ id: "a", reason }), { id: "a", error })
  }
  assert.deepEqual(sharePayloadFor(true), { is_shared: true })
})

test("cameras of the server tell how they are, and frames", async () => {
  const lost = { name: "Front door", state: "lost", trouble: "refused", retry_in_s: 4 }
  assert.deepEqual(read("camera_state", lost), { name: "Front door", state: "lost", trouble: "refused", retryInS: 4 })
  const { blob, ...frame } = READERS.camera_frame({ name: "Front door", image: new Uint8Array([1, 2]), age_ms: 250 })
  assert.deepEqual(frame, { name: "Front door", ageMs: 250 })
  assert.deepEqual([blob.type, blob.size], ["image/jpeg", 2])
  assert.ok(Object.keys(EVENT_NAMES).every((name) => name in READERS))
})
