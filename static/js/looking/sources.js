// What can be looked at, and the one of it that is: a camera, a screen, a film, picture files, or the test card.
// Nothing else stays open: the light of a camera goes out when something else is looked at.
import { Refusal } from "../plain/refusal.js"
import { Camera } from "./camera.js"
import { Film } from "./film.js"
import { NETWORK, NetworkCamera } from "./network_camera.js"
import { Pictures } from "./pictures.js"
import { Screen } from "./screen.js"
import { TestCard } from "./test_card.js"

const LABELS = {
  screen: "What is shared",
  film: "The video you chose",
  picture: "The picture you chose",
  card: "The test card",
}
// On the way to a picture of a camera.
const COMING = ["starting", "asking", "unanswered"]
const NAMES = {
  off: "Camera off",
  dismissed: "Camera off",
  asking: "Camera off",
  unanswered: "Camera",
  starting: "Camera",
  screen: "Screen",
  card: "Test card",
}

// Tells "refused" with the sentence that says what could not be shown, and "devices" of other cameras.
export class Sources extends EventTarget {
  camera
  network
  film
  pictures
  #stage
  #screen
  #card
  #still

  // views: the elements that show them: { video, network, screen, film, still }.
  constructor({ stage, darkroom, views }) {
    super()
    this.#stage = stage
    this.#still = views.still
    this.camera = new Camera(views.video, darkroom)
    this.network = new NetworkCamera(views.network)
    this.film = new Film(views.film)
    this.pictures = new Pictures()
    this.#screen = new Screen(views.screen)
    this.#card = new TestCard(views.still)
    this.camera.addEventListener("change", () => this.#followCamera())
    this.network.addEventListener("change", () => this.#followNetwork())
    this.network.addEventListener("retrying", () => stage.showRetry(this.network.retryInS))
    this.camera.addEventListener("devices", () => this.dispatchEvent(new Event("devices")))
    this.#screen.addEventListener("ended", () => stage.showEnded("sharing-ended"))
    this.pictures.addEventListener("change", () => this.#showPicture())
  }

  // "camera", or one of those that are none, as the stage calls it.
  get kind() {
    return this.#stage.isOfOther ? this.#stage.state : "camera"
  }

  // A device id, NETWORK and a name, a kind, or "off".
  get current() {
    if (this.kind !== "camera") return this.kind
    if (this.network.isOpen) return NETWORK + this.network.name
    return this.camera.isOpen ? this.camera.deviceId : "off"
  }

  get name() {
    const { length } = this.pictures.list
    if (this.kind === "picture") return length > 1 ? `${length} pictures` : "Picture"
    if (this.kind === "film") return this.film.name
    if (this.network.isOpen) return this.network.name
    return this.camera.isOpen ? this.camera.label : NAMES[this.#stage.state] ?? "No camera"
  }

  // Whether something is open that shows a picture, or may again.
  get isThere() {
    return this.kind !== "camera" || this.camera.isOpen || this.network.isOpen || COMING.includes(this.#stage.state)
  }

  // Whether what can be seen is of now: some browsers bring no new frames to a tab that is hidden.
  async isFed() {
    if (!document.hidden || this.network.isOpen || ["film", "picture", "card"].includes(this.kind)) return true
    return this.kind === "screen" ? this.#screen.moves() : this.camera.moves()
  }

  // which: as `current` has it.
  openCamera(which) {
    if (which.startsWith(NETWORK)) {
      this.network.open(which.slice(NETWORK.length))
      this.camera.turnOff()
    } else {
      this.network.close()
      this.camera.open(which)
    }
  }

  async shareScreen() {
    await this.#try(async () => {
      const stream = await this.#screen.ask()
      if (!stream) return
      await this.#screen.show(stream)
      this.#look("screen", this.#screen.element)
    })
  }

  // Films and pictures do not mix: the first file says which it is.
  async useFiles(files) {
    await this.#try(async () => {
      if (files[0]?.type.startsWith("video/")) await this.#showFilm(files[0])
      else if (files.length > 0) this.#refuse(await this.pictures.open([...files]))
    })
  }

  showCard() {
    this.#card.open()
    this.#look("card", this.#still)
  }

  turnOff() {
    // Another source would stay on the stage, as it does when a camera fails: it is taken away first.
    this.network.close()
    this.#stage.showCamera({ state: "starting" })
    this.#closeOthers("camera")
    this.camera.turnOff()
  }

  async #showFilm(file) {
    await this.film.open(file)
    this.#look("film", this.film.element)
  }

  #showPicture() {
    const { canvas, name } = this.pictures.shown
    this.#card.close()
    Object.assign(this.#still, { width: canvas.width, height: canvas.height })
    this.#still.getContext("2d", { alpha: false }).drawImage(canvas, 0, 0)
    this.#look("picture", this.#still, `${LABELS.picture}, ${name}`)
  }

  #look(kind, element, label = LABELS[kind]) {
    this.#stage.showOther(kind, element, label)
    this.#closeOthers(kind)
    this.network.close()
    this.camera.turnOff()
  }

  // Of the two cameras the one that was opened last is looked through.
  #followCamera() {
    if (this.camera.isOpen || COMING.includes(this.camera.state)) this.network.close()
    if (!this.network.isOpen) this.#showCamera(this.camera)
  }

  #followNetwork() {
    if (!this.network.isOpen) return
    this.#stage.showRetry(this.network.retryInS)
    this.#showCamera(this.network)
  }

  #showCamera(camera) {
    this.#stage.showCamera(camera)
    if (this.kind === "camera") this.#closeOthers("camera")
  }

  #closeOthers(kind) {
    const others = { screen: this.#screen, film: this.film, picture: this.pictures, card: this.#card }
    for (const [name, other] of Object.entries(others)) if (name !== kind) other.close()
  }

  async #try(show) {
    try {
      await show()
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      this.#refuse(error.message)
    }
    // What was chosen may not be what is shown now.
    this.dispatchEvent(new Event("devices"))
  }

  #refuse(sentence) {
    if (sentence) this.dispatchEvent(new CustomEvent("refused", { detail: sentence }))
  }
}
