// The webcam: opens it, says in one word how it is, and notices when it goes and comes back.
import { reasonOf } from "./camera_errors.js"
import { Liveness, moves } from "./liveness.js"

const BACK = "environment"
const FRONT = "user"
const IDEAL_WIDTH_PX = 1280
const IDEAL_HEIGHT_PX = 720
// How long the browser may say nothing, and then the camera show nothing, before the person is told.
const ANSWER_LIMIT_MS = 4500
const PICTURE_LIMIT_MS = 3000

// In which a permission that is given opens the camera.
const WAITS_FOR_PERMISSION = ["off", "denied", "not-allowed", "dismissed"]

function constraintsFor(deviceId, facing) {
  const size = { width: { ideal: IDEAL_WIDTH_PX }, height: { ideal: IDEAL_HEIGHT_PX } }
  const which = deviceId ? { deviceId: { exact: deviceId } } : { facingMode: { ideal: facing } }
  return { video: { ...size, ...which } }
}

// Browsers that cannot tell answer with an error: then nothing is known before asking.
async function askedBefore() {
  try {
    return await navigator.permissions.query({ name: "camera" })
  } catch (error) {
    if (error instanceof TypeError) return null
    throw error
  }
}

// `state`: off | starting, asking until the browser answers, unanswered when it takes long |
// why it did not open: denied, denied-by-system, not-allowed, dismissed, none, unsuitable, in-use, failed,
// insecure, unsupported | once it is open: live, or black, or why there is no picture of now: silent, muted,
// needs-tap, frozen | when it went: unplugged, stopped. "change" tells of a new one, "devices" of other cameras.
export class Camera extends EventTarget {
  state = "starting"
  // The browser's own words about what failed.
  said = ""
  #video
  #liveness
  #stream = null
  #deviceId = null
  #permission = null
  #attempt = 0
  #isTurnedOff = false
  #patience = null
  #isMuted = false
  #needsTap = false

  constructor(video, darkroom) {
    super()
    this.#video = video
    for (const name of ["loadeddata", "resize", "playing"]) video.addEventListener(name, () => this.#look())
    video.addEventListener("pause", () => this.#wake())
    this.#liveness = new Liveness(video, darkroom)
    this.#liveness.addEventListener("change", () => this.#look())
  }

  get deviceId() {
    return this.#deviceId
  }

  get isOpen() {
    return this.#stream !== null
  }

  // Where a phone's camera looks: "user" or "environment"; undefined where it looks nowhere in particular.
  get facing() {
    return this.#stream?.getVideoTracks()[0]?.getSettings().facingMode
  }

  // When its newest frame came.
  get seenAt() {
    return this.#liveness.seenAt
  }

  get label() {
    const label = this.#stream?.getVideoTracks()[0]?.label || "Camera"
    return label.replace(/ \([0-9a-f]{4}:[0-9a-f]{4}\)$/i, "")
  }

  // Opens at once where permission was given on an earlier visit.
  async start(deviceId) {
    if (!this.#canAsk()) return
    this.#deviceId = deviceId
    navigator.mediaDevices.addEventListener("devicechange", () => this.#devicesChanged())
    document.addEventListener("visibilitychange", () => this.#wake())
    window.addEventListener("pageshow", ({ persisted }) => persisted && this.#wake())
    this.#become("starting")
    const attempt = this.#attempt
    this.#permission = await askedBefore()
    this.#permission?.addEventListener("change", () => this.#permissionChanged())
    if (attempt !== this.#attempt) return
    if (this.#permission?.state === "granted") return this.open(deviceId)
    this.#become(this.#permission?.state === "denied" ? "denied" : "off")
  }

  // facing: as above, where no camera is meant in particular.
  async open(deviceId = this.#deviceId, facing = BACK) {
    if (!this.#canAsk()) return
    const attempt = ++this.#attempt
    this.#isTurnedOff = false
    this.#release()
    this.#become(this.#permission?.state === "granted" ? "starting" : "asking")
    try {
      const stream = await this.#request(deviceId, facing)
      if (attempt === this.#attempt) this.#show(stream)
      else stream.getTracks().forEach((track) => track.stop())
    } catch (error) {
      if (attempt === this.#attempt) this.#fail(error)
    }
  }

  // Starts the picture of an open camera; a browser may allow that only while somebody taps.
  async play() {
    const stream = this.#stream
    this.#liveness.begin()
    try {
      const started = this.#video.play()
      this.#look()
      await started
    } catch (error) {
      if (stream !== this.#stream) return
      if (error.name !== "NotAllowedError" && error.name !== "AbortError") return this.#fail(error)
      // A page in the background is no place to play; it is tried again when it is seen.
      this.#needsTap = !document.hidden
      this.#look()
    }
  }

  async moves() {
    return await moves(this.#video) && this.isOpen
  }

  // The other way round.
  turnAround() {
    return this.open(null, this.facing === BACK ? FRONT : BACK)
  }

  // Nothing opens it from now on but a person.
  turnOff() {
    this.#attempt += 1
    this.#isTurnedOff = true
    this.#release()
    this.#become("off")
  }

  // Those that can be chosen: before a permission is given, cameras have no names.
  async cameras() {
    return (await this.#found()).filter(({ deviceId }) => deviceId)
  }

  async #found() {
    try {
      const devices = (await navigator.mediaDevices?.enumerateDevices()) ?? []
      return devices.filter(({ kind }) => kind === "videoinput")
    } catch (error) {
      // A browser that does not tell which cameras there are can still open one.
      if (error instanceof DOMException) return []
      throw error
    }
  }

  #canAsk() {
    const canAsk = typeof navigator.mediaDevices?.getUserMedia === "function"
    if (!canAsk) this.#become(isSecureContext ? "unsupported" : "insecure")
    return canAsk
  }

  async #request(deviceId, facing) {
    try {
      return await navigator.mediaDevices.getUserMedia(constraintsFor(deviceId, facing))
    } catch (error) {
      const isGone = error.name === "OverconstrainedError" || error.name === "NotFoundError"
      if (!deviceId || !isGone) throw error
      return navigator.mediaDevices.getUserMedia(constraintsFor(null, facing))
    }
  }

  #show(stream) {
    this.#stream = stream
    const [track] = stream.getVideoTracks()
    this.#deviceId = track.getSettings().deviceId ?? this.#deviceId
    this.#isMuted = track.muted
    track.addEventListener("ended", () => this.#lose(stream))
    track.addEventListener("mute", () => this.#mute(stream, true))
    track.addEventListener("unmute", () => this.#mute(stream, false))
    this.#video.srcObject = stream
    this.#wait("silent", PICTURE_LIMIT_MS)
    this.play()
  }

  // What an open camera shows by now: every event about it ends here.
  #look() {
    if (!this.#stream) return
    const { readyState, videoWidth, paused } = this.#video
    const hasPicture = readyState >= HTMLMediaElement.HAVE_CURRENT_DATA && videoWidth > 0
    if (!paused) this.#needsTap = false
    if (this.#isMuted) this.#become("muted")
    else if (this.#needsTap) this.#become("needs-tap")
    else if (hasPicture) this.#become(this.#liveness.state)
    else if (this.state === "muted" || this.state === "needs-tap") this.#wait("silent", PICTURE_LIMIT_MS)
  }

  #mute(stream, isMuted) {
    if (stream !== this.#stream) return
    this.#isMuted = isMuted
    clearTimeout(this.#patience)
    if (isMuted) this.#look()
    else this.play()
  }

  async #lose(stream) {
    if (stream !== this.#stream) return
    const attempt = ++this.#attempt
    this.#release()
    if (this.#permission?.state === "denied") return this.#become("denied")
    this.#become("stopped")
    const isThere = await this.#isThere()
    if (attempt === this.#attempt && !isThere) this.#become("unplugged")
  }

  async #isThere() {
    return (await this.#found()).some(({ deviceId }) => deviceId === this.#deviceId)
  }

  #release() {
    this.#liveness.end()
    this.#stream?.getTracks().forEach((track) => track.stop())
    this.#stream = null
    this.#isMuted = false
    this.#needsTap = false
    this.#video.srcObject = null
  }

  #fail(error) {
    this.#release()
    this.said = [error.name, error.message].filter(Boolean).join(": ")
    this.#become(reasonOf(error, this.#permission?.state === "denied"))
  }

  // Without another event until then, this is how it is.
  #wait(state, limitMs) {
    clearTimeout(this.#patience)
    this.#patience = setTimeout(() => {
      if (document.hidden) this.#wait(state, limitMs)
      else this.#become(state)
    }, limitMs)
  }

  #become(state) {
    if (state === this.state && this.isOpen) return
    if (state === "starting" || state === "asking") this.#wait("unanswered", ANSWER_LIMIT_MS)
    else clearTimeout(this.#patience)
    this.state = state
    this.dispatchEvent(new Event("change"))
  }

  #permissionChanged() {
    const { state } = this.#permission
    if (state === "granted" && !this.#isTurnedOff && WAITS_FOR_PERMISSION.includes(this.state)) this.open()
    if (state === "denied" && this.state !== "denied") {
      this.#attempt += 1
      this.#release()
      this.#become("denied")
    }
  }

  async #devicesChanged() {
    this.dispatchEvent(new Event("devices"))
    const attempt = this.#attempt
    const hasAny = (await this.#found()).length > 0
    const isThere = await this.#isThere()
    if (attempt !== this.#attempt) return
    const isBack = this.state === "none" ? hasAny : isThere && ["stopped", "unplugged"].includes(this.state)
    if (isBack) this.open()
    else if (this.state === "stopped") this.#become("unplugged")
  }

  // Phones pause the picture of a page in the background, and a computer that slept may have let go of the camera.
  #wake() {
    if (document.hidden || !this.#stream) return
    if (this.#stream.getVideoTracks().every(({ readyState }) => readyState === "ended")) return this.open()
    if (this.#video.paused && !this.#needsTap) this.play()
  }
}
