// A picture that the page draws itself, for people without a camera: shapes that the demo model knows too, words,
// and a clock, so that there is a before and a now.
import { timeOfDay } from "../plain/words.js"

const SIZE = { width: 1280, height: 720 }
const TICK_MS = 1000
const GROUND = "#FAFAF8"
const INK = "#141416"
// Each with the colour and the outline that the demo model was shown: x, y and the diameter in heights.
const SHAPES = [
  { colour: "#DC2828", x: 0.32, y: 0.42, diameter: 0.44, outline: circle },
  { colour: "#2E62C9", x: 0.89, y: 0.42, diameter: 0.44, outline: square },
  { colour: "#28A046", x: 1.45, y: 0.42, diameter: 0.44, outline: triangle },
]
const WORDS = { x: 0.889, y: 0.9, size: 0.055 }

export class TestCard {
  #canvas
  #context
  #ticking = null

  constructor(canvas) {
    this.#canvas = canvas
  }

  get element() {
    return this.#canvas
  }

  open() {
    Object.assign(this.#canvas, SIZE)
    this.#context = this.#canvas.getContext("2d", { alpha: false })
    this.#draw()
    this.#ticking ??= setInterval(() => this.#draw(), TICK_MS)
  }

  close() {
    clearInterval(this.#ticking)
    this.#ticking = null
  }

  #draw() {
    const { width, height } = SIZE
    const context = this.#context
    context.fillStyle = GROUND
    context.fillRect(0, 0, width, height)
    for (const { colour, x, y, diameter, outline } of SHAPES) {
      context.fillStyle = colour
      context.beginPath()
      outline(context, x * height, y * height, diameter * height)
      context.fill()
    }
    context.fillStyle = INK
    context.font = `600 ${WORDS.size * height}px ${getComputedStyle(document.body).fontFamily}`
    context.textAlign = "center"
    context.fillText(`Moonsight ${timeOfDay(Date.now())}`, WORDS.x * height, WORDS.y * height)
  }
}

function circle(context, x, y, diameter) {
  context.arc(x, y, diameter / 2, 0, 2 * Math.PI)
}

function square(context, x, y, diameter) {
  const side = 0.84 * diameter
  context.rect(x - side / 2, y - side / 2, side, side)
}

function triangle(context, x, y, diameter) {
  for (const degrees of [-90, 30, 150]) {
    const angle = degrees * Math.PI / 180
    const reach = 0.55 * diameter
    context.lineTo(x + reach * Math.cos(angle), y + 0.09 * diameter + reach * Math.sin(angle))
  }
  context.closePath()
}
