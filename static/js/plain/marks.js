// Boxes and points on the picture they belong to, drawn at the size at which it is seen.
import { pointedOn } from "./pointed.js"
import { part } from "./svg.js"

const CASING_PX = 4
const BOX_RADIUS_PX = 3
const DISC_RADIUS_PX = 6
const RIM_PX = 1
const LABEL_HEIGHT_PX = 16
const LABEL_PADDING_PX = 4
const LABEL_RADIUS_PX = 2
const LABEL_BASELINE_PX = 12.5
const LABEL_GAP_PX = 3
const MAX_NAME_CHARS = 24

// Places: { xMin, yMin, xMax, yMax } or { x, y }, in fractions of the picture under the svg.
export class Marks {
  #svg
  #name = ""
  #places = []
  #pointed = null
  #drawnAt = { width: 0, height: 0 }
  #resizing = new ResizeObserver(() => this.#resized())

  constructor(svg) {
    this.#svg = svg
    this.#resizing.observe(svg)
  }

  show(name, places) {
    this.#name = shorten(name)
    this.#places = places
    this.#render()
  }

  // What a person points at, under all that was found; null for nothing. hasHandles: whether it can be pulled.
  point(place, { hasHandles = false } = {}) {
    this.#pointed = place && { place, hasHandles }
    this.#render()
  }

  clear() {
    this.show("", [])
  }

  close() {
    this.#resizing.disconnect()
  }

  #render() {
    this.#svg.toggleAttribute("hidden", this.#places.length === 0 && this.#pointed === null)
    this.#svg.replaceChildren()
    this.#draw()
  }

  // An observer also tells when it begins, of the size for which all is drawn already.
  #resized() {
    const { width, height } = this.#svg.getBoundingClientRect()
    if (width !== this.#drawnAt.width || height !== this.#drawnAt.height) this.#draw()
  }

  // Where the names have no room beside each other, the numbers stand alone.
  #draw() {
    const { width, height } = this.#svg.getBoundingClientRect()
    if (width === 0 || height === 0) return
    this.#svg.setAttribute("viewBox", `0 0 ${width} ${height}`)
    const picture = { width, height }
    this.#drawnAt = picture
    const spots = this.#places.map((place) => {
      return place.x === undefined ? boxOn(picture, place) : discOn(picture, place)
    })
    if (!this.#drawAll(picture, spots, this.#name)) this.#drawAll(picture, spots, "")
  }

  // Returns whether every label had room of its own.
  #drawAll(picture, spots, name) {
    const own = this.#pointed ? [pointedOn(picture, this.#pointed.place, this.#pointed.hasHandles)] : []
    this.#svg.replaceChildren(...own, ...spots.map(({ shape }) => shape))
    const taken = spots.filter(({ disc }) => disc).map(({ disc }) => disc)
    const isFree = (area) => isInside(area, picture) && !taken.some((each) => overlap(area, each))
    const hasRoom = spots.map(({ disc, placesFor }, index) => {
      const { label, size } = this.#addLabel(disc || !name ? `${index + 1}` : `${name} ${index + 1}`)
      const areas = placesFor(size).map((corner) => ({ ...corner, ...size }))
      const free = areas.find(isFree)
      const area = free ?? areas.at(-1)
      label.setAttribute("transform", `translate(${area.x} ${area.y})`)
      taken.push(area)
      return free !== undefined
    })
    return hasRoom.every(Boolean)
  }

  #addLabel(words) {
    const label = part("g", { class: "marks__label" })
    const text = part("text", { x: LABEL_PADDING_PX, y: LABEL_BASELINE_PX })
    text.textContent = words
    label.append(text)
    this.#svg.append(label)
    const width = text.getComputedTextLength() + 2 * LABEL_PADDING_PX
    const size = { width, height: LABEL_HEIGHT_PX }
    label.prepend(part("rect", { ...size, rx: LABEL_RADIUS_PX }))
    return { label, size }
  }
}

// A box may reach a little outside of the picture; its line stays inside.
function boxOn({ width, height }, place) {
  const margin = CASING_PX / 2
  const [left, right] = [place.xMin, place.xMax].map((x) => clamp(x * width, margin, width - margin))
  const [top, bottom] = [place.yMin, place.yMax].map((y) => clamp(y * height, margin, height - margin))
  const sides = { width: Math.max(1, right - left), height: Math.max(1, bottom - top) }
  const shape = part("g", { class: "marks__box" })
  for (const name of ["marks__casing", "marks__line"]) {
    shape.append(part("rect", { class: name, x: left, y: top, ...sides, rx: BOX_RADIUS_PX }))
  }
  const placesFor = (size) => [
    { x: clamp(left - margin, 0, width - size.width), y: top - margin - size.height },
    { x: clamp(left + margin, 0, width - size.width), y: top + margin },
  ]
  return { shape, placesFor }
}

function discOn({ width, height }, place) {
  const reach = DISC_RADIUS_PX + RIM_PX
  const x = clamp(place.x * width, reach, width - reach)
  const y = clamp(place.y * height, reach, height - reach)
  const r = DISC_RADIUS_PX + RIM_PX / 2
  const shape = part("circle", { class: "marks__disc", cx: x, cy: y, r })
  const placesFor = (size) => {
    const away = reach + LABEL_GAP_PX
    const middle = clamp(y - size.height / 2, 0, height - size.height)
    const centre = clamp(x - size.width / 2, 0, width - size.width)
    return [
      { x: x + away, y: middle },
      { x: x - away - size.width, y: middle },
      { x: centre, y: y - away - size.height },
      { x: centre, y: y + away },
    ]
  }
  const disc = { x: x - reach, y: y - reach, width: 2 * reach, height: 2 * reach }
  return { shape, disc, placesFor }
}

function clamp(value, low, high) {
  return Math.max(low, Math.min(value, high))
}

function isInside({ x, y, width, height }, picture) {
  return x >= 0 && y >= 0 && x + width <= picture.width && y + height <= picture.height
}

function overlap(one, other) {
  const isBeside = one.x >= other.x + other.width || other.x >= one.x + one.width
  const isAbove = one.y >= other.y + other.height || other.y >= one.y + one.height
  return !isBeside && !isAbove
}

function shorten(name) {
  const letters = [...name]
  if (letters.length <= MAX_NAME_CHARS) return name
  return `${letters.slice(0, MAX_NAME_CHARS - 1).join("").trimEnd()}…`
}
