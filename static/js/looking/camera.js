// The webcam: opens it, says in one word why it could not, and notices when it goes and comes back.

const IDEAL_WIDTH_PX = 1280
const IDEAL_HEIGHT_PX = 720

const REFUSALS = {
  NotAllowedError: "denied",
  SecurityError: "denied",
  NotFoundError: "none",
  OverconstrainedError: "none",
  NotReadableError: "in-use",
  AbortError: "in-use",
}

function constraintsFor(deviceId) {
  const size = { width: { ideal: IDEAL_WIDTH_PX }, height: { ideal: IDEAL_HEIGHT_PX } }
  const which = deviceId ? { deviceId: { exact: deviceId } } : { facingMode: { ideal: "environment" } }
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

// `state`: starting | off | asking | live | denied | none | in-use | insecure | unplugged; "change" tells of a new one.
export class Camera extends EventTarget {
  state = "starting"
  #video
  #stream = null
  #deviceId = null
  #permission = null
  #attempt = 0

  constructor(video) {
    super()
    this.#video = video
  }

  get deviceId() {
    return this.#deviceId
  }

  get label() {
    const label = this.#stream?.getVideoTracks()[0]?.label || "Camera"
    return label.replace(/ \([0-9a-f]{4}:[0-9a-f]{4}\)$/i, "")
  }

  // Opens at once where permission was given on an earlier visit.
  async start(deviceId) {
    if (!navigator.mediaDevices?.getUserMedia) return this.#become("insecure")
    this.#deviceId = deviceId
    navigator.mediaDevices.addEventListener("devicechange", () => this.#devicesChanged())
    document.addEventListener("visibilitychange", () => this.#wake())
    this.#permission = await askedBefore()
    this.#permission?.addEventListener("change", () => this.#permissionChanged())
    if (this.#permission?.state === "granted") return this.open(deviceId)
    this.#become(this.#permission?.state === "denied" ? "denied" : "off")
  }

  async open(deviceId = this.#deviceId) {
    if (!navigator.mediaDevices?.getUserMedia) return this.#become("insecure")
    const attempt = ++this.#attempt
    this.#release()
    this.#become(this.#permission?.state === "granted" ? "starting" : "asking")
    try {
      const stream = await this.#request(deviceId)
      if (attempt !== this.#attempt) return stream.getTracks().forEach((track) => track.stop())
      await this.#show(stream)
      if (attempt === this.#attempt) this.#become("live")
    } catch (error) {
      if (attempt !== this.#attempt) return
      this.#release()
      this.#become(this.#reason(error))
    }
  }

  turnOff() {
    this.#attempt += 1
    this.#release()
    this.#become("off")
  }

  async cameras() {
    const devices = (await navigator.mediaDevices?.enumerateDevices()) ?? []
    return devices.filter(({ kind, deviceId }) => kind === "videoinput" && deviceId)
  }

  async #request(deviceId) {
    try {
      return await navigator.mediaDevices.getUserMedia(constraintsFor(deviceId))
    } catch (error) {
      const isGone = error.name === "OverconstrainedError" || error.name === "NotFoundError"
      if (!deviceId || !isGone) throw error
      return navigator.mediaDevices.getUserMedia(constraintsFor(null))
    }
  }

  async #show(stream) {
    this.#stream = stream
    const [track] = stream.getVideoTracks()
    this.#deviceId = track.getSettings().deviceId ?? this.#deviceId
    track.addEventListener("ended", () => this.#lose(stream))
    this.#video.srcObject = stream
    await this.#video.play()
  }

  #lose(stream) {
    if (stream !== this.#stream) return
    this.#attempt += 1
    this.#release()
    this.#become(this.#permission?.state === "denied" ? "denied" : "unplugged")
  }

  #release() {
    this.#stream?.getTracks().forEach((track) => track.stop())
    this.#stream = null
    this.#video.srcObject = null
  }

  // Closing the browser's question without an answer leaves everything as it was; Chromium says so in these words.
  #reason(error) {
    return error.message === "Permission dismissed" ? "off" : REFUSALS[error.name] ?? "in-use"
  }

  #become(state) {
    this.state = state
    this.dispatchEvent(new Event("change"))
  }

  #permissionChanged() {
    const { state } = this.#permission
    if (state === "granted" && (this.state === "denied" || this.state === "off")) this.open()
    if (state === "denied" && this.state !== "denied") {
      this.#release()
      this.#become("denied")
    }
  }

  async #devicesChanged() {
    this.dispatchEvent(new Event("devices"))
    const cameras = await this.cameras()
    const isBack = cameras.some(({ deviceId }) => deviceId === this.#deviceId)
    if (this.state === "none" && cameras.length > 0) this.open()
    if (this.state === "unplugged" && isBack) this.open()
  }

  // Phones pause the picture of a page in the background.
  #wake() {
    if (document.hidden || this.state !== "live") return
    this.#video.play().catch((error) => {
      if (error.name !== "AbortError") this.#become("in-use")
    })
  }
}
