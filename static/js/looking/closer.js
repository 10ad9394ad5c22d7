// Looking closer: a part of the picture takes the place of the whole, before it is made smaller.
import { cut } from "../plain/canvas.js"
import { placeIn, WHOLE } from "../plain/places.js"
import { times } from "../plain/words.js"
import { drawFrame } from "./frame.js"

// More would show single pixels.
const MOST_TIMES = 10
const MARGIN = 1.15
// Where nothing was marked, or a point.
const PART = 1 / 3

// Tells "change" with what a listener should hear.
export class Closer extends EventTarget {
  // Fractions of the whole picture, in its own proportions; null for all of it.
  area = null
  #stage
  #words
  #element

  // element: what says that it is so, with the way back.
  constructor(stage, element) {
    super()
    this.#stage = stage
    this.#element = element
    this.#words = element.querySelector(".closer__words")
    element.querySelector(".closer__whole").addEventListener("click", () => this.leave())
  }

  // place: in fractions of what is shown; null for its middle.
  look(place) {
    const area = this.area ?? WHOLE
    const part = partAround(place ?? { x: 0.5, y: 0.5 })
    const side = Math.min(1, Math.max(1 / MOST_TIMES, part.side * (area.xMax - area.xMin)))
    const middle = placeIn(area, { x: part.x, y: part.y })
    const [x, y] = [middle.x, middle.y].map((each) => Math.max(0, Math.min(each - side / 2, 1 - side)))
    this.#become({ xMin: x, yMin: y, xMax: x + side, yMax: y + side })
  }

  // Returns whether it was looked at closer.
  leave() {
    if (!this.area) return false
    this.#become(null)
    return true
  }

  // As drawFrame does, of what is looked at; with the whole, where that is not all.
  draw(picture, detail, limits) {
    const whole = drawFrame(picture, detail, limits)
    if (!this.area) return whole
    return { ...drawFrame(cut(picture, this.area), detail, limits), closer: { area: this.area, whole } }
  }

  #become(area) {
    this.area = area
    this.#element.hidden = area === null
    this.#words.textContent = area ? `Looking closer, ${times(area)}.` : ""
    this.#stage.showCloser(area)
    this.dispatchEvent(new CustomEvent("change", { detail: area ? "Looking closer." : "The whole picture." }))
  }
}

// A square of fractions has the proportions of the picture: { x, y } of its middle, and its side.
function partAround({ x, y, xMin, yMin, xMax, yMax }) {
  if (x !== undefined) return { x, y, side: PART }
  return { x: (xMin + xMax) / 2, y: (yMin + yMax) / 2, side: MARGIN * Math.max(xMax - xMin, yMax - yMin) }
}
