// The large picture: live video or a chosen picture, gold corners while the model looks, and what it
// has just found; or why there is nothing to see.
import { Marks } from "../plain/marks.js"
import { timeOfDay } from "../plain/words.js"

// In all others there is nothing to see, and a picture can be used instead.
const SHOWING_OR_ABOUT_TO = ["starting", "asking", "live", "black", "picture"]
// What one opened camera may come to and come back from.
const OF_ONE_CAMERA = ["live", "black", "frozen"]
const FOUND_SHOWN_MS = 3000
const FOUND_FADES_TO = 0.35

export class Stage extends EventTarget {
  #stage
  #view
  #video
  #image
  #instead
  #since
  #svg
  #marks
  #source = null
  #fading = null
  #clearing = null
  #isFaded = false

  constructor(stage) {
    super()
    this.#stage = stage
    this.#view = stage.querySelector(".stage__picture")
    this.#video = stage.querySelector(".stage__video")
    this.#image = stage.querySelector(".stage__image")
    this.#instead = stage.querySelector(".stage__instead")
    this.#since = stage.querySelector(".stage__since")
    this.#svg = stage.querySelector(".marks")
    this.#marks = new Marks(this.#svg)
    stage.querySelector(".stage__local-address").textContent = `http://localhost:${location.port || 80}`
    stage.addEventListener("click", (event) => this.#clicked(event))
    // A turned phone or another camera brings other proportions in the middle of the stream.
    this.#video.addEventListener("resize", () => this.#fit(this.#video.videoWidth, this.#video.videoHeight))
  }

  get state() {
    return this.#stage.dataset.state
  }

  get bounds() {
    return this.#view.getBoundingClientRect()
  }

  // What can be asked about now: { drawable, width, height }, or null.
  get picture() {
    if (this.state === "picture") {
      const { naturalWidth: width, naturalHeight: height } = this.#image
      return { drawable: this.#image, width, height }
    }
    const { readyState, videoWidth: width, videoHeight: height } = this.#video
    const isShowing = ["live", "black"].includes(this.state) && readyState >= HTMLMediaElement.HAVE_CURRENT_DATA && width > 0
    return isShowing ? { drawable: this.#video, width, height } : null
  }

  // Something else for each opened camera and each chosen picture.
  get source() {
    return this.#source
  }

  // A chosen picture stays until a camera really shows something.
  // said: what the browser says about it; seenAt: when its newest frame came.
  showCamera({ state, said = "", seenAt }) {
    if (this.state === "picture" && !SHOWING_OR_ABOUT_TO.includes(state)) return
    this.#forgetPicture()
    for (const words of this.#stage.querySelectorAll(".stage__said b")) words.textContent = said
    this.#since.textContent = timeOfDay(seenAt)
    this.#become(state)
  }

  async showPicture(file) {
    const url = URL.createObjectURL(file)
    const image = new Image()
    image.src = url
    try {
      await image.decode()
    } catch (error) {
      URL.revokeObjectURL(url)
      if (error.name === "EncodingError") return false
      throw error
    }
    this.#forgetPicture()
    this.#image.src = url
    this.#image.hidden = false
    await this.#image.decode()
    this.#fit(this.#image.naturalWidth, this.#image.naturalHeight)
    this.#become("picture")
    return true
  }

  // activity: "waiting" or "looking" until the first word, then "answering"; null when nothing is asked.
  showActivity(activity) {
    if (activity) this.#stage.dataset.looking = activity === "waiting" ? "looking" : activity
    else delete this.#stage.dataset.looking
  }

  // activity: "looking", "resting" while nothing moves, or "off": how a question is kept answered.
  showLive(activity) {
    if (activity === "off") delete this.#stage.dataset.live
    else this.#stage.dataset.live = activity
    this.#forgetFaded()
  }

  // The world goes on: what was found in one moment fades, and is kept in its card. Another source's
  // places would lie on the wrong picture.
  showFound(name, places, source) {
    if (source !== this.#source) return
    this.forgetFound()
    this.#marks.show(name, places)
    this.#clearing = setTimeout(() => this.#fade(), FOUND_SHOWN_MS)
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return
    const timing = { duration: FOUND_SHOWN_MS, fill: "forwards" }
    this.#fading = this.#svg.animate({ opacity: [1, FOUND_FADES_TO] }, timing)
  }

  forgetFound() {
    clearTimeout(this.#clearing)
    this.#isFaded = false
    this.#fading?.finish()
    this.#marks.clear()
  }

  #fade() {
    this.#isFaded = true
    this.#forgetFaded()
  }

  // While a question is kept and nothing moves, what was found is still there.
  #forgetFaded() {
    if (this.#isFaded && this.#stage.dataset.live !== "resting") this.forgetFound()
  }

  #become(state) {
    const isSameCamera = [this.state, state].every((each) => OF_ONE_CAMERA.includes(each))
    if (!isSameCamera) this.#source = Symbol(state)
    this.forgetFound()
    const hadFocus = this.#stage.contains(document.activeElement)
    this.#stage.dataset.state = state
    for (const each of this.#stage.querySelectorAll(".stage__message")) each.hidden = each.dataset.for !== state
    this.#instead.hidden = SHOWING_OR_ABOUT_TO.includes(state)
    if (hadFocus) this.#stage.querySelector("[data-for]:not([hidden]) button, .stage__instead:not([hidden])")?.focus()
    this.dispatchEvent(new Event("change"))
  }

  #fit(width, height) {
    if (width > 0 && height > 0) this.#stage.style.setProperty("--picture-ratio", width / height)
  }

  #forgetPicture() {
    if (this.#image.hidden) return
    URL.revokeObjectURL(this.#image.src)
    this.#image.removeAttribute("src")
    this.#image.hidden = true
  }

  #clicked(event) {
    const action = event.target.closest("[data-action]")?.dataset.action
    if (action) this.dispatchEvent(new Event(action))
  }
}
