// Several frames in one picture: where each lies, so that all are seen as large as can be.

// By how many there are: columns and rows, the one first that is taken where another shows them no larger.
const GRIDS = {
  1: [[1, 1]],
  2: [[2, 1], [1, 2]],
  3: [[3, 1], [2, 2], [1, 3]],
  4: [[2, 2], [4, 1], [1, 4]],
}
const GAP = 0.008
const WORDS = 0.019
const SMALLEST_WORDS_PX = 16
const LINE = 1.75
// A frame that is only a line still has room for its words.
const NARROWEST_COLUMN = 1 / 6
const EQUAL = 1e-6

// What is seen of a frame, and how that is said.
const SHARES = [
  [1 / 10, "a tenth of"], [1 / 8, "an eighth of"], [1 / 6, "a sixth of"], [1 / 5, "a fifth of"],
  [1 / 4, "a quarter of"], [1 / 3, "a third of"], [1 / 2, "half"], [2 / 3, "two thirds of"],
  [3 / 4, "three quarters of"],
]
const NEARLY_ALL = 0.9
const NEARLY_EQUAL = 0.05

// frames: [{ width, height }], one to four, as each would be sent alone; box: what their picture has to fit in.
// Returns { width, height, wordsPx, linePx, scales, tiles: [{ x, y, width, height, columnWidth }] }, in pixels of the
// picture; the words of a tile stand in the line above it. Frames are never cropped, stretched or enlarged.
export function layOut(frames, box) {
  const laid = GRIDS[frames.length].map(([nColumns, nRows]) => inGrid(frames, box, nColumns, nRows))
  return laid.reduce((best, each) => sizeOf(each) > sizeOf(best) + EQUAL ? each : best)
}

// "Each is seen at half its width: small text may be lost."; "" where nearly nothing is lost.
export function lossWords(scales) {
  const [least, most] = [Math.min(...scales), Math.max(...scales)]
  if (least > NEARLY_ALL) return ""
  const who = most - least < NEARLY_EQUAL ? "Each is" : "Some are"
  const whose = most - least < NEARLY_EQUAL ? "its" : "their"
  return `${who} seen at ${shareWords(least)} ${whose} width: small text may be lost.`
}

function shareWords(share) {
  const [first] = SHARES
  if (share < first[0] * NEARLY_ALL) return "less than a tenth of"
  const distance = ([each]) => Math.abs(Math.log(each / share))
  return SHARES.reduce((best, each) => distance(each) < distance(best) ? each : best)[1]
}

// By their product: one that cannot be seen well anyway does not take the room of all others.
function sizeOf({ scales }) {
  return scales.reduce((sum, scale) => sum + Math.log(scale), 0)
}

function inGrid(frames, box, nColumns, nRows) {
  const gap = Math.max(4, Math.round(GAP * box.width))
  const wordsPx = Math.max(SMALLEST_WORDS_PX, Math.round(WORDS * box.width))
  const linePx = Math.round(LINE * wordsPx)
  const cellWidth = Math.max(1, (box.width - (nColumns + 1) * gap) / nColumns)
  const cellHeight = Math.max(1, (box.height - gap) / nRows - linePx)
  const scales = frames.map(({ width, height }) => Math.min(1, cellWidth / width, cellHeight / height))
  const sizes = frames.map(({ width, height }, at) => {
    return { width: pixels(width * scales[at]), height: pixels(height * scales[at]) }
  })
  const narrowest = Math.min(pixels(cellWidth), pixels(NARROWEST_COLUMN * box.width))
  const columns = largest(sizes, "width", nColumns, (at) => at % nColumns).map((width) => Math.max(width, narrowest))
  const rows = largest(sizes, "height", nRows, (at) => Math.floor(at / nColumns))
  const tiles = sizes.map((size, at) => {
    const [column, row] = [at % nColumns, Math.floor(at / nColumns)]
    const x = gap + sum(columns.slice(0, column)) + column * gap
    const y = sum(rows.slice(0, row)) + (row + 1) * linePx
    return { x, y, ...size, columnWidth: columns[column] }
  })
  const width = sum(columns) + (nColumns + 1) * gap
  return { width, height: sum(rows) + nRows * linePx + gap, wordsPx, linePx, scales, tiles }
}

// Of each column or row the largest that is in it.
function largest(sizes, side, n, partOf) {
  const parts = Array(n).fill(0)
  for (const [at, size] of sizes.entries()) parts[partOf(at)] = Math.max(parts[partOf(at)], size[side])
  return parts
}

function pixels(length) {
  return Math.max(1, Math.floor(length))
}

function sum(numbers) {
  return numbers.reduce((total, each) => total + each, 0)
}
