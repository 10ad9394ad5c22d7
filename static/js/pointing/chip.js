// "This", in the line of the question: what is marked, in small, and how to be rid of it.

// A point is seen with so much around it, in fractions of the picture.
const AROUND = 0.12

// Tells "remove".
export class Chip extends EventTarget {
  #chip
  #thumb
  #see

  constructor(chip, see) {
    super()
    this.#chip = chip
    this.#thumb = chip.querySelector(".chip__thumb")
    this.#see = see
    chip.querySelector(".chip__remove").addEventListener("click", () => this.dispatchEvent(new Event("remove")))
  }

  // mark: in fractions of the picture as it is sent; null for none.
  show(mark) {
    this.#chip.hidden = mark === null
    const seen = mark && this.#see()
    if (seen) this.#draw(seen, areaOf(mark))
  }

  // Whole, in its own proportions.
  #draw({ canvas, width, height }, { xMin, yMin, xMax, yMax }) {
    const part = { width: Math.max(1, (xMax - xMin) * width), height: Math.max(1, (yMax - yMin) * height) }
    const scale = Math.min(this.#thumb.width / part.width, this.#thumb.height / part.height)
    const size = [part.width * scale, part.height * scale]
    const context = this.#thumb.getContext("2d")
    context.clearRect(0, 0, this.#thumb.width, this.#thumb.height)
    const corner = [(this.#thumb.width - size[0]) / 2, (this.#thumb.height - size[1]) / 2]
    context.drawImage(canvas, xMin * width, yMin * height, part.width, part.height, ...corner, ...size)
  }
}

function areaOf({ x, y, ...box }) {
  if (x === undefined) return box
  return { xMin: x - AROUND, yMin: y - AROUND, xMax: x + AROUND, yMax: y + AROUND }
}
