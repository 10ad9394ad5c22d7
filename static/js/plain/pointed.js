// What a person points at in a picture, a point or a box in fractions of it: in white, where what the model finds is gold.
import { part } from "./svg.js"

const RING_RADIUS_PX = 10
const DOT_RADIUS_PX = 2
const BOX_RADIUS_PX = 3
const HANDLE_PX = 12
// So narrow is a frame beside the words of a card.
const SMALL_PX = 160
const SMALL_RING_RADIUS_PX = 6

// On a picture of that size in pixels; hasHandles: whether it can be pulled at its corners.
export function pointedOn(picture, place, hasHandles) {
  const shape = part("g", { class: "marks__own" })
  shape.append(...place.x === undefined ? box(picture, place, hasHandles) : ring(picture, place))
  return shape
}

export function cornersOf({ xMin, yMin, xMax, yMax }) {
  return [{ x: xMin, y: yMin }, { x: xMax, y: yMin }, { x: xMin, y: yMax }, { x: xMax, y: yMax }]
}

// Whichever of the two corners comes first.
export function boxBetween(one, other) {
  const [xMin, xMax] = [Math.min(one.x, other.x), Math.max(one.x, other.x)]
  const [yMin, yMax] = [Math.min(one.y, other.y), Math.max(one.y, other.y)]
  return { xMin, yMin, xMax, yMax }
}

function ring({ width, height }, { x, y }) {
  const at = { cx: x * width, cy: y * height }
  const r = width < SMALL_PX ? SMALL_RING_RADIUS_PX : RING_RADIUS_PX
  return [
    ...["marks__own-casing", "marks__own-line"].map((name) => part("circle", { class: name, ...at, r })),
    part("circle", { class: "marks__own-dot", ...at, r: DOT_RADIUS_PX }),
  ]
}

function box({ width, height }, place, hasHandles) {
  const { xMin, yMin, xMax, yMax } = place
  const sides = { width: Math.max(1, (xMax - xMin) * width), height: Math.max(1, (yMax - yMin) * height) }
  const lines = ["marks__own-casing", "marks__own-line"].map((name) => {
    return part("rect", { class: name, x: xMin * width, y: yMin * height, ...sides, rx: BOX_RADIUS_PX })
  })
  const handles = hasHandles ? cornersOf(place).map(({ x, y }) => handle(x * width, y * height)) : []
  return [...lines, ...handles]
}

function handle(x, y) {
  const size = { width: HANDLE_PX, height: HANDLE_PX, rx: 3 }
  return part("rect", { class: "marks__handle", x: x - HANDLE_PX / 2, y: y - HANDLE_PX / 2, ...size })
}
