// What else can be done with one answer: its picture saved, marked, copied and chosen for a question, itself deleted.
import { placeBeside } from "../plain/popover.js"
import { isMarked, pictureOf } from "../plain/marked_picture.js"
import { fileName, save } from "../plain/saving.js"
import { write } from "../plain/written.js"

const CANNOT_COPY = "This browser copies no pictures here. Save it instead."

// Tells "choose" and "delete" with a card, and "said" with what a person should hear.
export class CardMenu extends EventTarget {
  #menu
  #card = null

  constructor(menu) {
    super()
    this.#menu = menu
    menu.addEventListener("click", ({ target }) => this.#chosen(target.closest("button")?.dataset.action))
  }

  // canDelete: an answer that runs, or is shown from elsewhere, is not to be deleted here; isChosen: whether it is
  // asked about with others already.
  open(card, button, { canDelete, isChosen }) {
    this.#card = card
    write(this.#item("choose").querySelector("span"), isChosen ? "Take it out" : "Choose for a question")
    this.#item("save-marked").hidden = !isMarked(markedOn(card))
    this.#item("delete").hidden = !canDelete
    this.#menu.showPopover({ source: button })
    placeBeside(this.#menu, button)
    this.#item("save-picture").focus({ preventScroll: true })
  }

  #item(action) {
    return this.#menu.querySelector(`[data-action="${action}"]`)
  }

  async #chosen(action) {
    if (!action) return
    const { request: { frame }, askedAt } = this.#card
    const marked = markedOn(this.#card)
    this.#menu.hidePopover()
    if (action === "save-picture") save(frame.blob, `${fileName(askedAt)}.jpg`)
    if (action === "save-marked") save(await pictureOf(frame, marked), `${fileName(askedAt)} marked.png`)
    if (action === "copy-picture") await this.#copy(pictureOf(frame, marked))
    if (action === "choose" || action === "delete") this.#tell(action, this.#card)
  }

  // picture: promised, as Safari wants it: it copies only while it knows of the click.
  async #copy(picture) {
    try {
      await navigator.clipboard.write([new ClipboardItem({ "image/png": picture })])
      this.#tell("said", "Copied.")
    } catch (error) {
      if (!(error instanceof TypeError || error instanceof ReferenceError || error instanceof DOMException)) throw error
      this.#tell("said", CANNOT_COPY)
    }
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }))
  }
}

function markedOn({ request: { object = "", spatialRefs: [pointed = null] = [] }, places }) {
  return { name: object, places, pointed }
}
