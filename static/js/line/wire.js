// The one script that knows the names on the wire: what the server sends becomes plain objects, what
// the page asks becomes payloads. Whoever else answers the page tells the same events with the same objects.
import { refOf } from "../plain/places.js"

// What the page calls an event whose name has two words.
export const EVENT_NAMES = { camera_frame: "cameraFrame", camera_state: "cameraState" }
export const CAMERA_SEEN = "camera_seen"

// By the name of each event. A place is a box { xMin, yMin, xMax, yMax } or a point { x, y }, in fractions
// of the frame; frameId is the name under which the server keeps a frame, null when it does not.
export const READERS = {
  status({ status: state, memory_bytes: memoryBytes, is_demo: isDemo, progress, ...told }) {
    const { model, revision, device, dtype, notice, gpu_fault: gpuFault, error, upstream, cluster } = told
    return {
      state, model, revision, device, dtype, memoryBytes, isDemo, notice, gpuFault, error,
      progress: progress ? progressFrom(progress) : null,
      upstream: upstream ? upstreamFrom(upstream) : null,
      cluster: cluster ? clusterFrom(cluster) : null,
      // What only a model in the tab itself has to tell.
      tab: null,
    }
  },
  waiting: ({ id, position, expected_ms: expectedMs }) => ({ id, position, expectedMs }),
  started: ({ id, frame: frameId }) => ({ id, frameId }),
  token: ({ id, text }) => ({ id, text }),
  // Before the first word. spans: characters of the text that speak of points.
  reasoning: ({ id, text, grounding }) => ({ id, text, spans: grounding.map(spanFrom) }),
  found: ({ id, place }) => ({ id, place: placeFrom(place) }),
  looked: ({ id, frame: frameId }) => ({ id, frameId }),
  // One thing of a test: isWell is null where it could not be tried; remedy "" where there is none.
  checked: ({ id, is_well: isWell, words, remedy }) => ({ id, isWell, words, remedy }),
  // A program wants to look through this page, and what else it wants to know.
  program: ({ id, skill, question, object }) => ({ id, skill, question, object }),
  // How a camera is that the server opens: opening, live, lost with its trouble, or refused.
  camera_state: ({ name, state, trouble, retry_in_s: retryInS }) => ({ name, state, trouble, retryInS }),
  camera_frame: ({ name, image, age_ms: ageMs }) => ({ name, ageMs, blob: new Blob([image], { type: "image/jpeg" }) }),
  // error: the sentence for the person, or null.
  alerted: ({ id, is_delivered: isDelivered, error }) => ({ id, isDelivered, error: error?.message ?? null }),
  // text of an answer in words, places of one that was searched for; error: the sentence for the person, or null.
  // choice is the likeliest of a question's choices, probabilities one for each; null where it had none. usage: the
  // nFed tokens that the model was given and the nWritten that it wrote, or null. retryAfterS: when it may be tried
  // again, where that was said.
  response({ id, answer, caption, objects, points, finish_reason: reason, timings, usage, error, ...chosen }) {
    return {
      id, reason,
      text: answer ?? caption,
      places: (objects ?? points)?.map(placeFrom),
      choice: chosen.choice ?? null,
      probabilities: chosen.probabilities ?? null,
      timings: timings ? timingsFrom(timings) : null,
      usage: usage ? usageFrom(usage) : null,
      error: error?.message ?? null,
      errorCode: error?.code ?? null,
      retryAfterS: error?.retry_after_s ?? null,
      isFrameForgotten: error?.code === "frame_forgotten",
    }
  },
}

// A frame that the server keeps is asked about by its name. sampling: { maxTokens, temperature } of a
// person's question. wishes: how another server is asked, where one answers; they have both, too.
export async function payloadFor({ id, question, object, choices, sampling, wishes, frame, ...how }) {
  const { frameId, blob } = frame
  const picture = frameId ? { frame: frameId } : { image: await blob.arrayBuffer() }
  const { isReasoning, spatialRefs } = how
  const refs = spatialRefs && { spatial_refs: spatialRefs.map(refOf) }
  const asked = { id, question, object, choices, ...isReasoning && { reasoning: true }, ...refs }
  const settings = wishes ? settingsFor(wishes) : sampling && { settings: samplingFor(sampling) }
  return { ...asked, ...how.isLive && { live: true }, ...settings, ...picture }
}

// A test brings a picture of its own.
export function checkPayloadFor({ id, wishes }) {
  return { id, ...settingsFor(wishes) }
}

function settingsFor({ model, instruction, caption, coordinates, longerSidePx, quality, ...sampling }) {
  const upstream = { model, instruction, caption, coordinates, longer_side_px: longerSidePx, quality }
  return { settings: { ...samplingFor(sampling), upstream } }
}

function samplingFor({ maxTokens, temperature }) {
  return { max_tokens: maxTokens, temperature }
}

export function sharePayloadFor(isShared) {
  return { is_shared: isShared }
}

// What a program gets to see: the frame, or the reason why there is none, as Sharing tells it.
export async function shownPayloadFor({ id, frame, reason }) {
  return frame ? { id, image: await frame.blob.arrayBuffer() } : { id, error: REASONS[reason] }
}

const REASONS = { off: "not_shared", hidden: "hidden", blind: "nothing_to_see" }

// toldAt: a time as Date takes it. blob: the evidence, a JPEG, where the webhook may have it.
export async function alertPayloadFor(alert) {
  const { id, rule, kind, question, object, answer, count, probability, toldAt, blob } = alert
  const picture = blob ? { image: await blob.arrayBuffer() } : {}
  const told = { id, rule, kind, question, object, answer, count, probability }
  return { ...told, told_at: new Date(toldAt).toISOString(), ...picture }
}

function progressFrom({ stage, done, total, bytes_per_s: bytesPerS, seconds_left: secondsLeft }) {
  return { stage, done, total, bytesPerS, secondsLeft }
}

// missing: skills by name, each with the reason why the model has it not.
function upstreamFrom({ hosts, is_here: isHere, models, abilities }) {
  return { hosts, isHere, models, abilities: abilities.map(abilitiesFrom) }
}

function clusterFrom({ address, is_reached: isReached, n_replicas: nReplicas }) {
  return { address, isReached, nReplicas }
}

function abilitiesFrom({ model, sees, missing }) {
  return { model, sees, missing: Object.fromEntries(missing) }
}

function usageFrom({ prompt_tokens: nFed, completion_tokens: nWritten }) {
  return { nFed, nWritten }
}

function placeFrom({ x, y, x_min: xMin, y_min: yMin, x_max: xMax, y_max: yMax }) {
  return x === undefined ? { xMin, yMin, xMax, yMax } : { x, y }
}

function spanFrom({ start_idx: start, end_idx: end, points }) {
  return { start, end, points: points.map(([x, y]) => ({ x, y })) }
}

function timingsFrom({ queue_ms: queueMs, decode_ms: decodeMs, encode_ms: encodeMs, prefill_ms: prefillMs, ...ends }) {
  const { first_token_ms: firstTokenMs, total_ms: totalMs } = ends
  return { queueMs, decodeMs, encodeMs, prefillMs, firstTokenMs, totalMs }
}
