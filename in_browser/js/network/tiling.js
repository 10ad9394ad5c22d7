// How tiles become one view: which rows and columns of their cells survive the margins, and who averages whom.
// `VisionEncoder.join_tiles` and `pool` of moondream2/vision.py as one matrix for each side.

// Shares (G, n * G) of each cell of a side of n tiles in each place of the grid; each place's sum is 1.
export function shares(n, { gridSize: grid, overlapMargin: margin }) {
  const cells = keptCells(n, grid, margin)
  const matrix = new Float32Array(grid * n * grid)
  for (let place = 0; place < grid; place++) {
    const touched = cells.filter((_, cell) => {
      return cell >= Math.floor(place * cells.length / grid) && cell * grid < (place + 1) * cells.length
    })
    for (const cell of touched) matrix[place * n * grid + cell] = 1 / touched.length
  }
  return matrix
}

// The cells of one side that are kept, in their order: neighbours overlap by twice the margin, each keeps its half.
function keptCells(n, grid, margin) {
  const cells = []
  for (let tile = 0; tile < n; tile++) {
    const begin = tile > 0 ? margin : 0
    const end = tile < n - 1 ? grid - margin : grid
    for (let cell = begin; cell < end; cell++) cells.push(tile * grid + cell)
  }
  return cells
}
