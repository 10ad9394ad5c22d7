// The tray above the question line: up to four pictures that are asked about together.
import { Refusal } from "../plain/refusal.js"
import { LETTERS } from "../plain/tiles.js"
import { write } from "../plain/written.js"
import { drawTogether } from "./drawing.js"
import { layOut, lossWords } from "./layout.js"
import { openPicture } from "./picture.js"

const FULL = "Four pictures are enough. Take one out to choose another."
const ONE_MORE = "Choose one more to ask about both."
const CLEARED = "All pictures were taken out."
const TOGETHER = "Asked about together."
// What the picture of all may be as large as: it has the shape of a stage.
const LARGE = { width: 16_000, height: 9_000 }

// A picture: { key, when, width, height } and its `blob` or `drawable`; key: of what it was taken from; when: that in
// words. Tells "change" when others are chosen, "said" with what a listener should hear, "refused" with a sentence,
// "add" when a person wants what is seen, and "left" when the tray goes with the focus in it.
export class Tray extends EventTarget {
  #parts
  #template
  #sizeOf
  #pictures = []
  #together = null
  #canAdd = false

  // parts: { tray, hint }, the element and the words of the key that asks; sizeOf: in which size a picture would be
  // sent, { width, height }.
  constructor({ parts, template, sizeOf }) {
    super()
    this.#parts = parts
    this.#template = template
    this.#sizeOf = sizeOf
    this.#part("clear").addEventListener("click", () => this.clear())
    this.#part("add").addEventListener("click", () => this.#tell("add"))
  }

  get size() {
    return this.#pictures.length
  }

  // By the key of each picture.
  get letters() {
    return Object.fromEntries(this.#pictures.map(({ key }, at) => [key, LETTERS[at]]))
  }

  // All of them in one picture: { drawable, width, height, tiles, source, label }; null for fewer than two.
  get together() {
    return this.#together
  }

  // Whether there is something to see that could be added.
  set canAdd(canAdd) {
    this.#canAdd = canAdd
    this.#showAdd()
  }

  has(key) {
    return this.#pictures.some((each) => each.key === key)
  }

  // Chooses a picture, or takes it out.
  async toggle(picture) {
    if (this.has(picture.key)) this.remove(picture.key)
    else await this.add(picture)
  }

  async add(picture) {
    const opened = await this.#open([picture])
    if (!opened || this.has(picture.key)) return
    if (this.size === LETTERS.length) return this.#tell("refused", FULL)
    this.#put([...this.#pictures, ...opened])
  }

  // Takes these in place of those that are there. Returns whether it could.
  async take(pictures) {
    const opened = await this.#open(pictures)
    if (!opened) return false
    for (const { element } of this.#pictures) element.remove()
    this.#put(opened)
    return true
  }

  remove(key) {
    const at = this.#pictures.findIndex((each) => each.key === key)
    const [gone] = this.#pictures.splice(at, 1)
    const hadFocus = gone.element.contains(document.activeElement)
    gone.element.remove()
    this.draw()
    this.#tell("said", `Taken out: ${gone.when}. ${this.#sentence}`.trim())
    if (!hadFocus) return
    const next = this.#pictures[at] ?? this.#pictures.at(-1)
    if (next) next.element.querySelector("button").focus()
    else this.#tell("left")
  }

  clear() {
    if (this.size === 0) return
    const hadFocus = this.#parts.tray.contains(document.activeElement)
    for (const { element } of this.#pictures) element.remove()
    this.#pictures = []
    this.draw()
    this.#tell("said", CLEARED)
    if (hadFocus) this.#tell("left")
  }

  // Returns whether there was anything to clear.
  retreat() {
    if (this.size === 0) return false
    this.clear()
    return true
  }

  // Anew, as others were chosen, or another size of what is sent.
  draw() {
    const { size } = this
    const laid = size > 1 ? layOut(this.#pictures.map(this.#sizeOf), this.#sizeOf(LARGE)) : null
    this.#together = laid && { ...drawTogether(this.#pictures, laid), source: Symbol("together"), label: this.#label }
    this.#parts.tray.hidden = size === 0
    this.#showAdd()
    write(this.#part("words"), laid ? `${TOGETHER} ${lossWords(laid.scales)}`.trim() : ONE_MORE)
    write(this.#parts.hint, size > 2 ? "ask about all" : "ask about both")
    for (const [at, picture] of this.#pictures.entries()) showLetter(picture, LETTERS[at])
    this.#tell("change")
  }

  // null where one cannot be opened, which is then said.
  async #open(pictures) {
    try {
      return await Promise.all(pictures.map(openPicture))
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      this.#tell("refused", error.message)
      return null
    }
  }

  #put(pictures) {
    const added = pictures.filter((each) => !this.#pictures.includes(each))
    this.#pictures = pictures
    for (const picture of added) this.#part("list").append(this.#row(picture))
    this.draw()
    const said = added.map(({ key, when }) => `${this.letters[key]}: ${when}`)
    this.#tell("said", `${said.join(", ")}. ${this.#sentence}`)
  }

  #row(picture) {
    const row = this.#template.content.firstElementChild.cloneNode(true)
    row.querySelector(".tray__thumb").replaceWith(picture.thumb)
    row.querySelector(".tray__when").textContent = picture.title
    row.querySelector("button").addEventListener("click", () => this.remove(picture.key))
    picture.element = row
    return row
  }

  #showAdd() {
    this.#part("add").hidden = this.size !== 1 || !this.#canAdd
  }

  get #label() {
    return `${this.#pictures.map(({ when }, at) => `${LETTERS[at]}: ${when}`).join(", ")}, in one picture`
  }

  get #sentence() {
    if (this.size === 0) return ""
    return this.size === 1 ? ONE_MORE : TOGETHER
  }

  #part(name) {
    return this.#parts.tray.querySelector(`.tray__${name}`)
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }))
  }
}

function showLetter({ element, when }, letter) {
  element.querySelector(".letter").textContent = letter
  element.querySelector("button").ariaLabel = `Take out ${letter}, ${when}`
}
