// What is sent of what is seen: of which moment, which part, in which size.
import { drawFrame } from "./frame.js"
import { glancing } from "./glance.js"

export class Framing {
  #stage
  #closer
  #limits
  #detail
  #moment
  #glancing = null

  // detail, moment: return those of now, as frame.js and Rewind have them; moment: null for now.
  constructor({ stage, closer, limits, detail, moment }) {
    this.#stage = stage
    this.#closer = closer
    this.#limits = limits
    this.#detail = detail
    this.#moment = moment
  }

  // What a person sees, as `drawFrame` draws it, with its source: this very moment, the one that is gone back to, or
  // several frames together, with their tiles. Null while there is nothing to see.
  see() {
    const { together } = this.#stage
    if (together) return { ...this.#drawWhole(together), source: together.source, tiles: together.tiles }
    const moment = this.#moment()
    if (!moment) return this.draw()
    const { thumb, canvas, blob, full, ...drawn } = moment
    const { past, source } = this.#stage
    if (!this.#closer.area) return { ...drawn, blob, canvas: past }
    const part = this.#closer.draw(full ?? { ...drawn, drawable: past }, moment.detail, this.#limits)
    return { ...drawn, ...part, takenAt: moment.takenAt, source }
  }

  // The same of now, whatever moment is shown.
  draw() {
    const { picture, source, sourceOfNow, together } = this.#stage
    const drawn = picture && this.#closer.draw(picture, this.#detail(), this.#limits)
    return drawn && { ...drawn, source: this.#moment() || together ? sourceOfNow : source }
  }

  // All of it, whatever part is looked at; null where nothing moves.
  drawMoving() {
    const { picture, sourceOfNow: source, isMoving } = this.#stage
    return isMoving ? { ...this.#drawWhole(picture), source } : null
  }

  // A small picture of this moment, RGBA; null while there is nothing to see.
  glance(size) {
    const { picture } = this.#stage
    if (!picture) return null
    this.#glancing ??= glancing(size)
    return this.#glancing(picture, this.#closer.area)
  }

  #drawWhole(picture) {
    return drawFrame(picture, this.#detail(), this.#limits)
  }
}
