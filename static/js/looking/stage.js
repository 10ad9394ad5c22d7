// The large picture: of a camera, a screen, a film, a file, or of a moment that is past; gold corners while the model
// looks, and what it has just found; or why there is nothing to see.
import { Marks } from "../plain/marks.js"
import { mirrored, WHOLE } from "../plain/places.js"
import { timeOfDay } from "../plain/words.js"

// What one opened camera may come to and come back from.
const OF_ONE_CAMERA = ["live", "black", "frozen", "lost", "locked", "garbled"]
const OTHER_SOURCES = ["screen", "film", "picture", "card"]
// In which there is something to be asked about.
const SHOWING = ["live", "black", ...OTHER_SOURCES]
const MOVING = ["live", "black", "screen", "card"]
// In all others there is nothing to see, and a picture can be used instead.
const SHOWING_OR_ABOUT_TO = ["starting", "asking", "opening", ...SHOWING]
const FOUND_SHOWN_MS = 3000
const FOUND_FADES_TO = 0.35

export class Stage extends EventTarget {
  #stage
  #view
  #video
  #element
  #past
  #tiled
  #instead
  #since
  #svg
  #marks
  #source = null
  #moment = null
  #closer = null
  #together = null
  #found = null
  #fading = null
  #clearing = null
  #isFaded = false

  constructor(stage) {
    super()
    this.#stage = stage
    this.#view = stage.querySelector(".stage__picture")
    this.#video = stage.querySelector(".stage__video")
    this.#element = this.#video
    this.#past = stage.querySelector(".stage__past")
    this.#tiled = stage.querySelector(".stage__together")
    this.#instead = stage.querySelector(".stage__instead")
    this.#since = stage.querySelector(".stage__since")
    this.#svg = stage.querySelector(".marks")
    this.#marks = new Marks(this.#svg)
    stage.querySelector(".stage__local-address").textContent = `http://localhost:${location.port || 80}`
    stage.addEventListener("click", (event) => this.#clicked(event))
    // A turned phone, another camera or window brings other proportions in the middle of the stream.
    for (const each of stage.querySelectorAll("video, canvas")) each.addEventListener("resize", () => this.#fit())
  }

  get state() {
    return this.#stage.dataset.state
  }

  get bounds() {
    return this.#view.getBoundingClientRect()
  }

  // What there is to see of now: { drawable, width, height }, or null.
  get picture() {
    return SHOWING.includes(this.state) ? pictureOf(this.#element) : null
  }

  // Something else for each opened camera, each chosen picture, each moment that is past, each part of it that is looked
  // at closer, and all frames together.
  get source() {
    return this.#together?.source ?? this.#closer ?? this.#moment?.source ?? this.#source
  }

  // Of what is there now, whatever moment is shown.
  get sourceOfNow() {
    return this.#source
  }

  // The canvas that shows a moment that is past.
  get past() {
    return this.#past
  }

  // The frames that are shown together, as `showTogether` takes them.
  get together() {
    return this.#together
  }

  // Whether there is something to see that will be another one in a second.
  get isMoving() {
    return MOVING.includes(this.state) && this.picture !== null
  }

  get isOfOther() {
    return OTHER_SOURCES.includes(this.state)
  }

  // Of one that looks at who sits here.
  get isOfCamera() {
    return OF_ONE_CAMERA.includes(this.state) && this.#element === this.#video
  }

  get isMirrored() {
    return "mirrored" in this.#stage.dataset && this.isOfCamera && this.#together === null
  }

  // Cameras only: what is written on a screen or a picture would be read from the wrong side.
  set isMirrored(isMirrored) {
    this.#stage.toggleAttribute("data-mirrored", isMirrored)
    this.#drawFound()
  }

  // Another source stays until a camera really shows something.
  // said: what the browser says about it; seenAt: when its newest frame came; name, drawable: of one in the network.
  showCamera({ state, said = "", seenAt, name = "", drawable = this.#video }) {
    if (OTHER_SOURCES.includes(this.state) && !SHOWING_OR_ABOUT_TO.includes(state)) return
    for (const words of this.#stage.querySelectorAll(".stage__said b")) words.textContent = said
    this.#since.textContent = timeOfDay(seenAt)
    for (const words of this.#stage.querySelectorAll(".stage__named")) words.textContent = name
    if (drawable !== this.#video) drawable.ariaLabel = `Live picture of ${name}`
    this.#show(drawable)
    this.#become(state)
  }

  // retryInS: seconds until a lost camera is tried again, null while that is not known.
  showRetry(retryInS) {
    const text = retryInS > 0 ? `Trying again in ${retryInS} s.` : "Trying again."
    for (const words of this.#stage.querySelectorAll(".stage__retry")) words.textContent = text
  }

  // kind: one of the other sources; element: what shows it; label: what it is, for those who do not see it.
  showOther(kind, element, label) {
    element.ariaLabel = label
    this.#show(element)
    this.#become(kind)
  }

  // Why there is nothing to see any more, though it is not a camera that went.
  showEnded(state) {
    this.#show(this.#video)
    this.#become(state)
  }

  // moment: { drawable, width, height, takenAt, source } of what was seen before, null for now.
  showMoment(moment) {
    this.forgetFound()
    this.#moment = moment
    if (this.#closer) this.#closer = Symbol("closer")
    this.#past.hidden = moment === null
    this.#stage.toggleAttribute("data-past", moment !== null)
    if (moment) drawOn(this.#past, moment, `The picture of ${timeOfDay(moment.takenAt)}`)
    this.#fit()
    this.dispatchEvent(new Event("change"))
  }

  // together: several frames in one picture, { drawable, width, height, tiles, source, label }; null for none. It
  // stays over whatever else there is to see.
  showTogether(together) {
    if (together === this.#together) return
    this.forgetFound()
    this.#together = together
    this.#tiled.hidden = together === null
    this.#stage.toggleAttribute("data-together", together !== null)
    if (together) drawOn(this.#tiled, together, together.label)
    this.#fit()
    this.dispatchEvent(new Event("change"))
  }

  // area: what is seen of the picture, in fractions of it; null for all of it.
  showCloser(area) {
    this.forgetFound()
    this.#closer = area && Symbol("closer")
    this.#stage.toggleAttribute("data-closer", area !== null)
    const { xMin, yMin, xMax, yMax } = area ?? WHOLE
    const shown = { scale: 1 / (xMax - xMin), x: (xMin + xMax) / 2, y: (yMin + yMax) / 2 }
    for (const [name, value] of Object.entries(shown)) this.#stage.style.setProperty(`--closer-${name}`, value)
    this.dispatchEvent(new Event("change"))
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
    if (source !== this.source) return
    this.forgetFound()
    this.#found = { name, places }
    this.#drawFound()
    this.#clearing = setTimeout(() => this.#fade(), FOUND_SHOWN_MS)
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return
    const timing = { duration: FOUND_SHOWN_MS, fill: "forwards" }
    this.#fading = this.#svg.animate({ opacity: [1, FOUND_FADES_TO] }, timing)
  }

  forgetFound() {
    clearTimeout(this.#clearing)
    this.#isFaded = false
    this.#fading?.finish()
    this.#found = null
    this.#drawFound()
  }

  #drawFound() {
    const { name, places } = this.#found ?? { name: "", places: [] }
    this.#marks.show(name, this.isMirrored ? places.map(mirrored) : places)
  }

  #fade() {
    this.#isFaded = true
    this.#forgetFaded()
  }

  // While a question is kept and nothing moves, what was found is still there.
  #forgetFaded() {
    if (this.#isFaded && this.#stage.dataset.live !== "resting") this.forgetFound()
  }

  #show(element) {
    this.#element = element
    const ofNow = "video, canvas:not(.stage__past, .stage__together)"
    for (const each of this.#view.querySelectorAll(ofNow)) each.hidden = each !== element
    this.#fit()
  }

  #become(state) {
    const isSameCamera = [this.state, state].every((each) => OF_ONE_CAMERA.includes(each))
    if (!isSameCamera) this.#leaveSource(state)
    this.forgetFound()
    const hadFocus = this.#stage.contains(document.activeElement)
    this.#stage.dataset.state = state
    for (const each of this.#stage.querySelectorAll(".stage__message")) each.hidden = each.dataset.for !== state
    this.#instead.hidden = SHOWING_OR_ABOUT_TO.includes(state)
    if (hadFocus) this.#stage.querySelector("[data-for]:not([hidden]) button, .stage__instead:not([hidden])")?.focus()
    this.dispatchEvent(new Event("change"))
  }

  // What was seen of another source is no moment of this one.
  #leaveSource(state) {
    this.#source = Symbol(state)
    this.#moment = null
    this.#past.hidden = true
    this.#stage.removeAttribute("data-past")
    this.#fit()
  }

  // In the proportions of what is shown.
  #fit() {
    const { width, height } = this.#together ?? this.#moment ?? sizeOf(this.#element)
    if (width > 0 && height > 0) this.#stage.style.setProperty("--picture-ratio", width / height)
  }

  #clicked(event) {
    const action = event.target.closest("[data-action]")?.dataset.action
    if (action) this.dispatchEvent(new Event(action))
  }
}

function pictureOf(element) {
  const { width, height } = sizeOf(element)
  const isReady = element instanceof HTMLCanvasElement || element.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA
  return isReady && width > 0 && height > 0 ? { drawable: element, width, height } : null
}

function drawOn(canvas, { drawable, width, height }, label) {
  Object.assign(canvas, { width, height, ariaLabel: label })
  canvas.getContext("2d", { alpha: false }).drawImage(drawable, 0, 0, width, height)
}

function sizeOf(element) {
  const { width, height, videoWidth = width, videoHeight = height } = element
  return { width: videoWidth, height: videoHeight }
}
