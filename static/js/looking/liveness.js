// Whether the picture of an open camera goes on, and whether there is anything on it.

const CHECK_INTERVAL_MS = 500
// Checks in a row. The one before the first may have come just after the last frame: 7 are 3 s at least.
const FROZEN_AFTER = 7
const BLACK_AFTER = 3
// A picture is black when none of these parts is brighter than a covered lens shows: the mean of what a
// sensor makes up in the dark, and of a black of 16 that was not stretched to 0.
const PARTS = { width: 16, height: 9 }
const BLACKEST = 16
// Two frames of a slow camera. Browsers make a second of it where nobody looks.
const MOVING_MS = 250

// Whether new frames come, which nobody tells while the page is hidden.
export async function moves(video) {
  const { currentTime } = video
  await new Promise((resolve) => setTimeout(resolve, MOVING_MS))
  return video.currentTime !== currentTime
}

// `state`: live | frozen, no new frame for 3 s | black, for a second. "change" tells of a new one.
// Nothing is counted while nobody can see it, as browsers deliver no frames then; and checks are counted,
// not hours, so that a computer that slept gives its camera the same time as ever.
export class Liveness extends EventTarget {
  state = "live"
  // When the newest frame came, to half a second.
  seenAt = Date.now()
  #video
  #darkroom
  #checking = null
  #expected = null
  #timeBefore = 0
  #nStill = 0
  #nBlack = 0

  constructor(video, darkroom) {
    super()
    this.#video = video
    this.#darkroom = darkroom
  }

  // The picture starts, or starts again: nothing is held against it.
  begin() {
    this.end()
    this.state = "live"
    this.#nBlack = 0
    this.#frameCame()
    this.#expectFrame()
    this.#checking = setInterval(() => this.#check(), CHECK_INTERVAL_MS)
  }

  end() {
    clearInterval(this.#checking)
    this.#checking = null
    if (this.#expected !== null) this.#video.cancelVideoFrameCallback(this.#expected)
    this.#expected = null
  }

  async #check() {
    const { readyState, paused } = this.#video
    if (document.hidden || paused || readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return
    this.#nStill += 1
    this.#expectFrame()
    if (this.#nStill >= FROZEN_AFTER) return this.#become("frozen")
    const checking = this.#checking
    const isBlack = await this.#isBlack()
    // It may have ended, or begun anew, or have been found frozen.
    if (checking !== this.#checking || this.state === "frozen") return
    this.#nBlack = isBlack ? this.#nBlack + 1 : 0
    this.#become(this.#nBlack >= BLACK_AFTER ? "black" : "live")
  }

  // One frame between two checks is enough: to be called for each would cost more.
  #expectFrame() {
    if (!this.#video.requestVideoFrameCallback) return this.#compareTime()
    this.#expected ??= this.#video.requestVideoFrameCallback(() => {
      this.#expected = null
      this.#frameCame()
    })
  }

  #compareTime() {
    const { currentTime } = this.#video
    if (currentTime !== this.#timeBefore) this.#frameCame()
    this.#timeBefore = currentTime
  }

  #frameCame() {
    this.#nStill = 0
    this.seenAt = Date.now()
    if (this.state === "frozen") this.#become("live")
  }

  async #isBlack() {
    const { videoWidth: width, videoHeight: height } = this.#video
    const levels = await this.#darkroom.glance({ drawable: this.#video, width, height }, PARTS)
    return levels.every((level, at) => at % 4 === 3 || level <= BLACKEST)
  }

  #become(state) {
    if (state === this.state) return
    this.state = state
    this.dispatchEvent(new Event("change"))
  }
}
