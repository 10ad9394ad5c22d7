// Cuts a picture into the squares that the vision encoder reads; as moondream2/crops.py.
import { resize } from "./resize.js"

// picture: { data: bytes (height, width, 3), width, height }. config: of vision.
// Returns its distinct crops, each bytes (S, S, 3), the whole frame squeezed to a square first, then tiles row by
// row; and the tiling [rows, cols]. With [1, 1] the one tile is the whole frame again and left out.
export function makeCrops(picture, { cropSize: size, marginPx: margin, windowPx: window, maxCrops }) {
  const [rows, cols] = selectTiling(picture.height - 2 * margin, picture.width - 2 * margin, window, maxCrops)
  const whole = resize(picture, size, size).data
  if (rows === 1 && cols === 1) return { crops: [whole], tiling: [1, 1] }
  const canvas = resize(picture, cols * window + 2 * margin, rows * window + 2 * margin)
  const tiles = []
  for (let row = 0; row < rows; row++) {
    for (let col = 0; col < cols; col++) tiles.push(cut(canvas, col * window, row * window, size))
  }
  return { crops: [whole, ...tiles], tiling: [rows, cols] }
}

function cut({ data, width }, left, top, size) {
  const tile = new Uint8ClampedArray(3 * size * size)
  for (let y = 0; y < size; y++) {
    const begin = 3 * ((top + y) * width + left)
    tile.set(data.subarray(begin, begin + 3 * size), 3 * size * y)
  }
  return tile
}

// How many [rows, cols] of windows cover a picture, at most `maxCrops` in all.
export function selectTiling(height, width, window, maxCrops) {
  if (height <= window || width <= window) return [1, 1]
  const [minRows, minCols] = [Math.ceil(height / window), Math.ceil(width / window)]
  if (minRows * minCols > maxCrops) {
    const shrink = Math.sqrt(maxCrops / (minRows * minCols))
    return [minRows, minCols].map((n) => Math.max(1, Math.floor(n * shrink)))
  }
  let rows = Math.max(Math.floor(Math.sqrt(maxCrops * height / width)), minRows)
  let cols = Math.max(Math.floor(Math.sqrt(maxCrops * width / height)), minCols)
  if (rows * cols > maxCrops) {
    if (cols > rows) cols = Math.floor(maxCrops / rows)
    else rows = Math.floor(maxCrops / cols)
  }
  return [Math.max(1, rows), Math.max(1, cols)]
}
