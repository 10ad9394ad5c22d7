// What the page looks at: a source that is chosen on a sheet or brought as a file, shown on the stage, as it is now
// or as it was half a minute ago.
import { recall, remember } from "../plain/memory.js"
import { timeOfDay } from "../plain/words.js"
import { Closer } from "./closer.js"
import { FileInputs } from "./file_inputs.js"
import { costOf, detailsAt, frameSize, JPEG_QUALITY } from "./frame.js"
import { Framing } from "./framing.js"
import { Freezing } from "./freezing.js"
import { SourceSheet } from "./source_sheet.js"
import { Sources } from "./sources.js"
import { Strips } from "./strips.js"

// In which something can go on, and be asked about again and again.
const GOING_ON = ["live", "screen", "film", "card"]

const BACK_TO_NOW = "Back to now."

// Tells "change" when something else is to be seen, or nothing; "opened" when a camera begins to show something,
// "other" when another source does; "resized" when frames are taken in another size; "compare" with { then, now }, as
// `see` returns them; "all" with the pictures that are to be asked about together; "said" with what a listener should
// hear; and "refused" with the sentence that says why something cannot be shown.
export class Looking extends EventTarget {
  // On which it is chosen.
  sheet
  #stage
  #sources
  #freezing
  #closer
  #framing
  #strips
  #files
  #limits
  #opened = null
  #source = null
  #size = null
  #details = detailsAt(JPEG_QUALITY)

  // views: as Sources takes them; sheet: as SourceSheet does; strips: the elements under the picture, { rewind, film,
  // pictures }; closer: the element of what is looked at closer; files: the inputs that choose files, { picture, film };
  // limits: { maxFrameBytes, maxFramePixels }.
  constructor({ stage, darkroom, views, sheet, strips, closer, files, limits }) {
    super()
    this.#stage = stage
    this.#limits = limits
    this.#files = new FileInputs(files, { take: (each) => this.useFiles(each), leave: () => this.#showSource() })
    this.#sources = new Sources({ stage, darkroom, views })
    this.sheet = new SourceSheet({ ...sheet, costs: (sizes) => this.#costs(sizes) })
    this.#closer = new Closer(stage, closer)
    const [draw, takeMoving] = [() => this.#framing.drawMoving(), () => this.#framing.takeMoving()]
    this.#freezing = new Freezing({ stage, strip: strips.rewind, draw, takeMoving, limits })
    const [moment, detail] = [() => this.#freezing.moment, () => this.#detail]
    this.#framing = new Framing({ stage, darkroom, closer: this.#closer, limits, moment, detail })
    this.#strips = new Strips(strips, this.#sources)
    this.#strips.addEventListener("all", () => this.#tell("all", this.pictures))
    stage.isMirrored = this.sheet.isMirrored
    this.#followStage()
    this.#followSheet()
    this.#closer.addEventListener("change", ({ detail }) => this.#tell("said", detail))
    this.#sources.addEventListener("devices", () => this.#showSource())
    this.#sources.addEventListener("refused", ({ detail }) => this.#tell("refused", detail))
    this.#freezing.addEventListener("compare", () => this.#tell("compare", { then: this.see(), now: this.#framing.draw() }))
    this.#freezing.addEventListener("change", () => {
      this.#tell("change")
      this.#tell("said", this.about || BACK_TO_NOW)
    })
  }

  // { longerSidePx, quality } of frames in place of what is chosen on the sheet; null for that.
  set size(size) {
    if (size === this.#size) return
    this.#size = size
    this.sheet.showDetail(size === null)
    this.#resized()
  }

  // Of frames whose size is chosen on the sheet, 1 to 100. Frames that were sent ahead are compared by their detail:
  // it stays the same while the quality does.
  set quality(quality) {
    if (quality !== this.#details.fast.quality) this.#details = detailsAt(quality)
  }

  // A camera that the server opens.
  get network() {
    return this.#sources.network
  }

  get isLive() {
    return GOING_ON.includes(this.#stage.state)
  }

  // Why nothing of now is to be seen: "frozen", "black" or "camera", there is none; null while something is.
  get whyBlind() {
    if (this.isLive) return null
    return ["frozen", "black"].find((state) => state === this.#stage.state) ?? "camera"
  }

  // Whether several frames are shown, which are asked about together.
  get isTogether() {
    return this.#stage.together !== null
  }

  // Whether a question is about something else than now.
  get isApart() {
    return this.isTogether || this.#freezing.moment !== null
  }

  // Whether it is a file that stays as it is.
  get isPicture() {
    return this.#stage.state === "picture"
  }

  get isThere() {
    return this.#sources.isThere
  }

  // Where a question is not about now, that as a sentence; else "".
  get about() {
    const { moment } = this.#freezing
    return moment ? `You are looking at ${timeOfDay(moment.takenAt)}. Ask is about this picture.` : ""
  }

  get canSee() {
    return this.isApart || this.#stage.picture !== null
  }

  // The files that were chosen together, one of which is shown: { name, canvas, thumb }.
  get pictures() {
    return this.isPicture ? this.#sources.pictures.list : []
  }

  // Whether the last half minute is kept, in memory.
  get isRewindOn() {
    return this.#freezing.isRewindOn
  }

  set isRewindOn(isOn) {
    this.#freezing.isRewindOn = isOn
  }

  isFed() {
    return this.#sources.isFed()
  }

  start() {
    return this.#sources.camera.start(recall("camera"))
  }

  // As Framing has it: what is asked about now.
  see() {
    return this.#framing.see()
  }

  // place: in fractions of what is seen; null for its middle. Several frames together are seen as they are.
  lookCloser(place) {
    if (this.canSee && !this.isTogether) this.#closer.look(place)
  }

  // Returns whether it was looked at closer.
  lookAtWhole() {
    return this.#closer.leave()
  }

  // The frame of this very moment, encoded, with its source; null while there is nothing to see. Throws a Refusal.
  takeFrame() {
    return this.#framing.take()
  }

  // The bytes that the frame of this moment takes in each size, null where there is none.
  async measure(sizes) {
    return (await this.#costs(sizes)).map((cost) => cost && cost.bytes)
  }

  glance(size) {
    return this.#framing.glance(size)
  }

  // The size in which a picture would be sent.
  sizeOf(picture) {
    return frameSize(picture, this.#detail, this.#limits.maxFramePixels)
  }

  // together: as the stage takes it.
  showTogether(together) {
    if (together) {
      this.#freezing.now()
      this.#closer.leave()
    }
    this.#stage.showTogether(together)
  }

  useFiles(files) {
    return this.#sources.useFiles(files)
  }

  toggleMirror() {
    if (this.#stage.isOfCamera) this.sheet.toggleMirror()
  }

  // This very moment, or back to now; a film has a moment of its own.
  toggleFreeze() {
    if (this.isTogether) return
    if (this.#stage.state === "film") this.#sources.film.toggle()
    else this.#freezing.toggle()
  }

  // Returns whether it was not now.
  backToNow() {
    return this.#freezing.now()
  }

  // One second along, or to another picture. Returns whether there is anything to go along.
  step(direction) {
    const { pictures } = this.#sources
    if (this.isTogether) return false
    if (this.pictures.length < 2) return this.#freezing.step(direction)
    pictures.show(pictures.index + direction)
    return true
  }

  #followStage() {
    const { camera } = this.#sources
    const actions = {
      "open-camera": () => camera.open(),
      "play": () => camera.play(),
      "stop-waiting": () => this.#sources.turnOff(),
      "use-picture": () => this.#files.open("picture"),
      "choose-camera": () => this.sheet.open(),
      "share-screen": () => this.#sources.shareScreen(),
    }
    for (const [name, action] of Object.entries(actions)) this.#stage.addEventListener(name, action)
    this.#stage.addEventListener("change", () => this.#changed())
  }

  #followSheet() {
    const ways = {
      screen: () => this.#sources.shareScreen(),
      film: () => this.#files.open("film"),
      picture: () => this.#files.open("picture"),
      card: () => this.#sources.showCard(),
      off: () => this.#sources.turnOff(),
    }
    this.sheet.addEventListener("choose", ({ detail }) => (ways[detail] ?? (() => this.#sources.openCamera(detail)))())
    this.sheet.addEventListener("detail", () => this.#resized())
    this.sheet.addEventListener("mirror", () => {
      this.#stage.isMirrored = this.sheet.isMirrored
      this.#tell("change")
    })
    this.sheet.addEventListener("turn", () => this.#sources.camera.turnAround())
    this.sheet.addEventListener("freeze", () => this.#freezing.freeze())
  }

  #resized() {
    this.#showSource()
    this.#tell("resized")
  }

  #changed() {
    if (this.#stage.sourceOfNow !== this.#source) {
      this.#source = this.#stage.sourceOfNow
      this.#freezing.forget()
      this.#closer.leave()
      if (this.#stage.picture) this.#tell("other")
    }
    this.#showSource()
    this.#strips.show(this.#stage.state)
    this.#freezing.follow()
    this.#tell("change")
    const isOpened = this.#stage.state === "live" && this.#source !== this.#opened
    if (!isOpened) return
    this.#opened = this.#source
    if (this.#sources.camera.isOpen) remember("camera", this.#sources.camera.deviceId)
    this.#tell("opened")
  }

  async #showSource() {
    const { camera, kind, name } = this.#sources
    const cameras = await camera.cameras()
    this.sheet.showSources(cameras, this.#sources.current)
    const facing = cameras.length > 1 ? camera.facing : undefined
    this.sheet.showView({ isCamera: this.#stage.isOfCamera, canFreeze: this.#stage.isMoving && !this.isApart, facing })
    const { together } = this.#stage
    if (together) return this.sheet.showName(`${together.tiles.length} pictures`, "picture")
    const { longerSidePx, name: detail = `${longerSidePx} px` } = this.#detail
    this.sheet.showName(this.canSee ? `${name}, ${detail}` : name, kind)
  }

  async #costs(sizes) {
    const { picture } = this.#stage
    return Promise.all(sizes.map((size) => picture && costOf(picture, size, this.#limits)))
  }

  get #detail() {
    return this.#size ?? this.#details[this.sheet.detail.name]
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }))
  }
}
