// Draws frames side by side in one picture, as it is sent and seen: on white, its letter and time above each.
import { draw, shrink } from "../plain/canvas.js"
import { LETTERS } from "../plain/tiles.js"

const GROUND = "#FFFFFF"
const INK = "#12161D"
// Where the words stand in their line.
const BASELINE = 0.72

// pictures: [{ canvas, when }]; laid: as layOut has them. Returns { drawable, width, height, tiles }, a tile as
// plain/tiles.js has it.
export function drawTogether(pictures, laid) {
  const { width, height, wordsPx, linePx } = laid
  const canvas = Object.assign(document.createElement("canvas"), { width, height })
  const context = canvas.getContext("2d", { alpha: false })
  context.fillStyle = GROUND
  context.fillRect(0, 0, width, height)
  context.fillStyle = INK
  context.font = `600 ${wordsPx}px ${getComputedStyle(document.body).fontFamily}`
  const tiles = laid.tiles.map(({ columnWidth, ...tile }, at) => {
    const { canvas: picture, when } = pictures[at]
    const words = fitted(context, `${LETTERS[at]}, ${when}`, columnWidth)
    context.fillText(words, tile.x, tile.y - (1 - BASELINE) * linePx)
    const { width: pictureWidth, height: pictureHeight } = picture
    const small = shrink({ drawable: picture, width: pictureWidth, height: pictureHeight }, tile)
    context.drawImage(small, tile.x, tile.y, tile.width, tile.height)
    return { letter: LETTERS[at], when, ...fractions(tile, { width, height }) }
  })
  return { drawable: canvas, width, height, tiles }
}

// A copy that nobody else draws on, no larger than it can ever be sent.
export function copyOf(drawable, { width, height }, longestPx) {
  const scale = Math.min(1, longestPx / Math.max(width, height))
  const size = { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) }
  const copy = shrink({ drawable, width, height }, size)
  return copy === drawable ? draw(drawable, size.width, size.height) : copy
}

function fractions({ x, y, width, height }, picture) {
  return {
    xMin: x / picture.width, yMin: y / picture.height,
    xMax: (x + width) / picture.width, yMax: (y + height) / picture.height,
  }
}

function fitted(context, words, width) {
  if (context.measureText(words).width <= width) return words
  const letters = [...words]
  while (letters.length > 1 && context.measureText(`${letters.join("")}…`).width > width) letters.pop()
  return `${letters.join("").trimEnd()}…`
}
