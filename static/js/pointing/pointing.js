// What a person means by "this": a point or a box on the picture, set by mouse, finger or keys.
import { Marks } from "../plain/marks.js"
import { mirrored, spotWords, whereWords } from "../plain/places.js"
import { boxBetween } from "../plain/pointed.js"
import { Chip } from "./chip.js"
import { Cross } from "./cross.js"
import { Pull } from "./pull.js"

// Tells "change" when something else is meant, or nothing; "set" when a person has set it by hand; and "said" with what
// a listener should hear. A mark is a box { xMin, yMin, xMax, yMax } or a point { x, y }, in fractions of the picture as
// it is sent.
export class Pointing extends EventTarget {
  #picture
  #marks
  #chip
  #cross
  #pull
  #mark = null
  #shown = { source: null, isMirrored: false, canMark: false }

  // picture: the element that shows it; svg: over it; chip, cross: elements; see: draws what is seen, as it is sent.
  constructor({ picture, svg, chip, cross, see }) {
    super()
    this.#picture = picture
    this.#marks = new Marks(svg)
    this.#chip = new Chip(chip, see)
    this.#cross = new Cross(cross)
    this.#pull = new Pull(picture, () => this.#shown.canMark ? { mark: this.#seen(this.#mark) } : null)
    this.#pull.addEventListener("pull", ({ detail }) => this.#set(this.#seen(detail)))
    this.#pull.addEventListener("end", () => this.#tell("set"))
    this.#chip.addEventListener("remove", () => this.clear())
    picture.addEventListener("keydown", (event) => this.#pressed(event))
    picture.addEventListener("focus", () => this.#cross.show(this.#seen(this.#mark)))
    picture.addEventListener("blur", () => this.#cross.hide())
  }

  get mark() {
    return this.#mark
  }

  // source: of what is seen; a mark on something else means nothing. canMark: whether anything is.
  show(shown) {
    const isOther = shown.source !== this.#shown.source || !shown.canMark
    this.#shown = shown
    this.#picture.toggleAttribute("data-markable", shown.canMark)
    this.#picture.tabIndex = shown.canMark ? 0 : -1
    if (isOther) this.clear()
    else this.#draw()
  }

  // Returns whether there was a mark.
  clear() {
    if (!this.#mark) return false
    this.#set(null)
    this.#tell("said", "The mark is removed.")
    return true
  }

  #pressed(event) {
    if (!this.#shown.canMark || event.ctrlKey || event.metaKey) return
    if (event.key === "Enter") this.#setByKey(this.#cross.at, event)
    if (!this.#cross.move(event.key, event.shiftKey)) return
    event.preventDefault()
    event.stopPropagation()
    if (event.altKey) this.#setByKey(boxBetween(this.#cross.from, this.#cross.at), event)
    else this.#tell("said", spotWords(this.#cross.leave()))
  }

  #setByKey(seen, event) {
    event.preventDefault()
    this.#set(this.#seen(seen))
    this.#tell("said", `Marked: ${whereWords(seen)}.`)
  }

  #set(mark) {
    this.#mark = mark
    this.#draw()
    this.#tell("change")
  }

  #draw() {
    this.#marks.point(this.#seen(this.#mark), { hasHandles: true })
    this.#chip.show(this.#mark)
  }

  // As it is seen, and from there back: left is right in a mirror.
  #seen(place) {
    return place && this.#shown.isMirrored ? mirrored(place) : place
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }))
  }
}
