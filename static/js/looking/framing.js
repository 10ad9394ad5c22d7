// What is sent of what is seen: of which moment, which part, in which size.
import { thumbSize } from "./decoding.js"
import { developFrame, drawFrame, encodeFrame } from "./frame.js"

export class Framing {
  #stage
  #darkroom
  #closer
  #limits
  #detail
  #moment

  // detail, moment: return those of now, as frame.js and Rewind have them; moment: null for now.
  constructor({ stage, darkroom, closer, limits, detail, moment }) {
    this.#stage = stage
    this.#darkroom = darkroom
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
    const { picture } = this.#stage
    const drawn = picture && this.#closer.draw(picture, this.#detail(), this.#limits)
    return drawn && { ...drawn, source: this.#source }
  }

  // As `encodeFrame` returns it, of now. Throws a Refusal.
  async take() {
    const { picture } = this.#stage
    const source = this.#source
    const developed = picture && !this.#closer.area ? await this.#develop(picture) : null
    if (developed) return { ...developed, source }
    const drawn = this.draw()
    return drawn && encodeFrame(drawn, this.#limits)
  }

  // All of it, whatever part is looked at; null where nothing moves.
  drawMoving() {
    const { picture, sourceOfNow: source, isMoving } = this.#stage
    return isMoving ? { ...this.#drawWhole(picture), source } : null
  }

  // The same of this very moment, with its JPEG and its thumb; as it was drawn where no darkroom makes them.
  async takeMoving() {
    const { picture, sourceOfNow: source, isMoving } = this.#stage
    const developed = isMoving ? await this.#develop(picture, thumbSize) : null
    return developed ? { ...developed, source } : this.drawMoving()
  }

  // A small picture of this moment, RGBA; null while there is nothing to see.
  async glance(size) {
    const { picture } = this.#stage
    return picture && this.#darkroom.glance(picture, size, this.#closer.area)
  }

  // What is drawn now is drawn of this source.
  get #source() {
    const { source, sourceOfNow, together } = this.#stage
    return this.#moment() || together ? sourceOfNow : source
  }

  #develop(picture, thumbSize = null) {
    return developFrame(this.#darkroom, picture, this.#detail(), this.#limits, thumbSize)
  }

  #drawWhole(picture) {
    return drawFrame(picture, this.#detail(), this.#limits)
  }
}
