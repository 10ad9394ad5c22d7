// Very small pictures, to see whether anything moves.
import { canvasOf } from "../plain/canvas.js"
import { WHOLE } from "../plain/places.js"

// By their size: in one step and on one canvas it takes a quarter of the time that `shrink` does, ten times a second.
const contexts = new Map()

// One of { drawable, width, height }, or of the area of it, RGBA.
export function glanceAt({ drawable, width, height }, size, area) {
  const { xMin, yMin, xMax, yMax } = area ?? WHOLE
  const part = [xMin * width, yMin * height, (xMax - xMin) * width, (yMax - yMin) * height]
  const context = contextOf(size)
  context.drawImage(drawable, ...part, 0, 0, size.width, size.height)
  return context.getImageData(0, 0, size.width, size.height).data
}

function contextOf(size) {
  const name = `${size.width} ${size.height}`
  if (!contexts.has(name)) {
    const context = canvasOf(size).getContext("2d", { alpha: false, willReadFrequently: true })
    context.imageSmoothingQuality = "high"
    contexts.set(name, context)
  }
  return contexts.get(name)
}
