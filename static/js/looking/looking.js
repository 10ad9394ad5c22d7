// What the page looks at: a camera or a picture, chosen in a menu or by a file, shown on the stage.
import { recall, remember } from "../plain/memory.js"
import { Refusal } from "../plain/refusal.js"
import { Camera } from "./camera.js"
import { drawFrame, encodeFrame } from "./frame.js"
import { Sources } from "./sources.js"

const NAMES = {
  off: "Camera off",
  dismissed: "Camera off",
  asking: "Camera off",
  unanswered: "Camera",
  starting: "Camera",
  picture: "Picture",
}
// On the way to a picture.
const COMING = ["starting", "asking", "unanswered"]
const UNREADABLE = "This file is not a picture that the browser can read. Choose another."

// Tells "change" when something else is to be seen, or nothing; "opened" when a camera begins to show
// something; and "refused" with the sentence that says why a picture cannot be used.
export class Looking extends EventTarget {
  #camera
  #stage
  #sources
  #file
  #limits
  #opened = null
  #glancing = null
  #size = null

  // menu: what Sources takes; file: the input that chooses a picture; limits: { maxFramePixels }.
  constructor({ stage, video, menu, file, limits }) {
    super()
    const camera = new Camera(video)
    const sources = new Sources(menu)
    this.#camera = camera
    this.#stage = stage
    this.#sources = sources
    this.#file = file
    this.#limits = limits
    camera.addEventListener("change", () => stage.showCamera(camera))
    camera.addEventListener("devices", () => this.#showSource())
    stage.addEventListener("change", () => this.#changed())
    stage.addEventListener("open-camera", () => camera.open())
    stage.addEventListener("play", () => camera.play())
    stage.addEventListener("stop-waiting", () => this.#turnOff())
    stage.addEventListener("use-picture", () => file.click())
    stage.addEventListener("choose-camera", () => sources.open())
    sources.addEventListener("camera", ({ detail }) => camera.open(detail))
    sources.addEventListener("picture", () => file.click())
    sources.addEventListener("off", () => this.#turnOff())
    sources.addEventListener("detail", () => this.#showSource())
    file.addEventListener("change", () => this.#chosen())
    file.addEventListener("cancel", () => this.#showSource())
  }

  // { longerSidePx, quality } of frames in place of what is chosen in the menu; null for that.
  set size(size) {
    if (size === this.#size) return
    this.#size = size
    this.#sources.showDetail(size === null)
    this.#showSource()
  }

  get isLive() {
    return this.#stage.state === "live"
  }

  // Why no camera shows anything of now: "frozen", "black" or "camera", there is none; null while one does.
  get whyBlind() {
    if (this.isLive) return null
    return ["frozen", "black"].find((state) => state === this.#stage.state) ?? "camera"
  }

  get isPicture() {
    return this.#stage.state === "picture"
  }

  // Whether something is open that shows a picture, or may again.
  get isThere() {
    return this.isPicture || this.#camera.isOpen || COMING.includes(this.#stage.state)
  }

  // Whether what can be seen is of now: some browsers bring no pictures to a tab that is hidden.
  async isFed() {
    return !document.hidden || this.isPicture || this.#camera.moves()
  }

  get canSee() {
    return this.#stage.picture !== null
  }

  start() {
    return this.#camera.start(recall("camera"))
  }

  // This very moment, as `drawFrame` draws it, with its source; null while there is nothing to see.
  see() {
    const { picture, source } = this.#stage
    return picture && { ...drawFrame(picture, this.#detail, this.#limits), source }
  }

  // The frame of this very moment, encoded, with its source; null while there is nothing to see. Throws a Refusal.
  async takeFrame() {
    const drawn = this.see()
    return drawn && encodeFrame(drawn, this.#limits)
  }

  // The bytes that the frame of this moment takes in each size, null where there is none.
  async measure(sizes) {
    const { picture } = this.#stage
    return picture ? Promise.all(sizes.map((size) => bytesOf(picture, size, this.#limits))) : sizes.map(() => null)
  }

  // A small picture of this moment, RGBA; null while there is nothing to see.
  glance(size) {
    const { picture } = this.#stage
    if (!picture) return null
    // Ten times a second: in one step and on one canvas it takes a quarter of the time that `shrink` does.
    this.#glancing ??= glancingAt(size)
    this.#glancing.drawImage(picture.drawable, 0, 0, size.width, size.height)
    return this.#glancing.getImageData(0, 0, size.width, size.height).data
  }

  async usePicture(file) {
    if (!file) return this.#showSource()
    if (await this.#stage.showPicture(file)) this.#camera.turnOff()
    else this.dispatchEvent(new CustomEvent("refused", { detail: UNREADABLE }))
    this.#showSource()
  }

  async #chosen() {
    await this.usePicture(this.#file.files[0])
    this.#file.value = ""
  }

  #turnOff() {
    // A chosen picture would stay on the stage, as it does when a camera fails: it is taken away first.
    this.#stage.showCamera({ state: "starting" })
    this.#camera.turnOff()
  }

  #changed() {
    this.#showSource()
    this.dispatchEvent(new Event("change"))
    if (!this.isLive || this.#stage.source === this.#opened) return
    this.#opened = this.#stage.source
    remember("camera", this.#camera.deviceId)
    this.dispatchEvent(new Event("opened"))
  }

  async #showSource() {
    const { state } = this.#stage
    const { isOpen } = this.#camera
    const current = isOpen ? this.#camera.deviceId : state === "picture" ? "picture" : "off"
    this.#sources.showCameras(await this.#camera.cameras(), current)
    const name = isOpen ? this.#camera.label : NAMES[state] ?? "No camera"
    const { longerSidePx, name: detail = `${longerSidePx} px` } = this.#detail
    this.#sources.showName(this.canSee ? `${name}, ${detail}` : name)
  }

  get #detail() {
    return this.#size ?? this.#sources.detail
  }
}

async function bytesOf(picture, size, limits) {
  try {
    const { blob } = await encodeFrame(drawFrame(picture, size, limits), limits)
    return blob.size
  } catch (error) {
    // It is told to whoever chooses that size and asks.
    if (error instanceof Refusal) return null
    throw error
  }
}

function glancingAt(size) {
  const canvas = Object.assign(document.createElement("canvas"), size)
  const context = canvas.getContext("2d", { alpha: false, willReadFrequently: true })
  context.imageSmoothingQuality = "high"
  return context
}
