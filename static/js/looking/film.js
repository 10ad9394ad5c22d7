// A video file: the frame that it stands at is what is looked at.
import { Refusal } from "../plain/refusal.js"

const UNSHOWABLE = "This video cannot be shown here. Choose another, or save it as MP4 or WebM."
// Of films that do not tell how long a frame is shown, a step looks for the next one in parts of a second.
const STEP_S = 1 / 60
const MAX_STEPS = 30
// Some files do not say how long they are before their end was looked for.
const FAR_AWAY_S = 1e6

// Tells "change" when it plays, pauses, or stands at another frame.
export class Film extends EventTarget {
  name = ""
  #video
  #url = null
  #frameS = 0
  #isStepping = false

  constructor(video) {
    super()
    this.#video = video
    for (const name of ["play", "pause", "ended", "seeked", "timeupdate", "durationchange", "ratechange"]) {
      video.addEventListener(name, () => this.#url && this.dispatchEvent(new Event("change")))
    }
    if (!video.requestVideoFrameCallback) video.addEventListener("seeked", () => { this.#frameS = this.timeS })
  }

  get element() {
    return this.#video
  }

  get isPlaying() {
    return !this.#video.paused && !this.#video.ended
  }

  get timeS() {
    return this.#video.currentTime
  }

  get durationS() {
    return this.#video.duration
  }

  get speed() {
    return this.#video.playbackRate
  }

  set speed(speed) {
    this.#video.playbackRate = speed
  }

  // Stands at its first frame from now on. Throws a Refusal for what is no film, or has no picture.
  async open(file) {
    if (file.size === 0) throw new Refusal(UNSHOWABLE)
    const url = URL.createObjectURL(file)
    try {
      await load(document.createElement("video"), url)
    } catch (error) {
      URL.revokeObjectURL(url)
      throw error
    }
    this.close()
    this.#url = url
    this.name = file.name
    this.#followFrames(url)
    await load(this.#video, url)
    if (!Number.isFinite(this.#video.duration)) await this.#findEnd()
  }

  // At its end it begins again.
  play() {
    return this.#video.play()
  }

  pause() {
    this.#video.pause()
  }

  toggle() {
    if (this.isPlaying) this.pause()
    else this.play().catch((error) => error.name === "AbortError" || reportError(error))
  }

  seek(timeS) {
    this.#video.currentTime = Math.max(0, Math.min(timeS, this.durationS))
  }

  // On to the next frame, whenever that comes.
  async step() {
    if (this.#isStepping || !this.#url) return
    this.#isStepping = true
    this.pause()
    const [before, fromS] = [this.#frameS, this.timeS]
    try {
      for (let nth = 1; nth <= MAX_STEPS && this.#frameS === before; nth += 1) {
        if (fromS + nth * STEP_S > this.durationS) break
        this.#video.currentTime = fromS + nth * STEP_S
        await told(this.#video, "seeked")
        await drawn()
      }
    } finally {
      this.#isStepping = false
    }
  }

  close() {
    if (!this.#url) return
    const url = this.#url
    this.#url = null
    this.#video.pause()
    this.#video.removeAttribute("src")
    this.#video.load()
    this.#video.playbackRate = 1
    URL.revokeObjectURL(url)
  }

  // Which frame is shown, by the time at which it begins; where the browser does not tell, any time is a frame.
  #followFrames(url) {
    this.#video.requestVideoFrameCallback?.((_, { mediaTime }) => {
      if (url !== this.#url) return
      this.#frameS = mediaTime
      this.#followFrames(url)
    })
  }

  async #findEnd() {
    this.#video.currentTime = FAR_AWAY_S
    await told(this.#video, "seeked")
    this.#video.currentTime = 0
    await told(this.#video, "seeked")
  }
}

async function load(video, url) {
  video.muted = true
  video.preload = "auto"
  video.src = url
  try {
    await told(video, "loadeddata")
  } catch {
    throw new Refusal(UNSHOWABLE)
  }
  if (video.videoWidth === 0) throw new Refusal(UNSHOWABLE)
}

function told(video, name) {
  return new Promise((resolve, reject) => {
    video.addEventListener(name, resolve, { once: true })
    video.addEventListener("error", reject, { once: true })
  })
}

// What was sought is on the screen by then.
async function drawn() {
  for (let nth = 0; nth < 2; nth += 1) await new Promise((resolve) => requestAnimationFrame(resolve))
}
