// Coordinates and sizes as features that the decoder's encoders read, and back from bins; as moondream2/region.py.

// Sizes are powers of two over this many octaves: the smallest is 1/1024 of the frame.
const SIZE_OCTAVES = 10

// Cosines, then sines, of values by weights (n, F / 2): Float32Array (F). Here and not in a graph: a software adapter's
// sine is wrong by 2e-4.
export function fourierFeatures(values, weights) {
  const half = weights.length / values.length
  const features = new Float32Array(2 * half)
  for (let index = 0; index < half; index++) {
    const angle = 2 * Math.PI * values.reduce((sum, value, nth) => sum + value * weights[nth * half + index], 0)
    features[index] = Math.cos(angle)
    features[half + index] = Math.sin(angle)
  }
  return features
}

export function coordinateOfBin(index, { coordOutDim }) {
  return index / coordOutDim
}

export function sizeOfBin(index, { sizeOutDim }) {
  return 2 ** (index / (sizeOutDim / 2 - 1) * SIZE_OCTAVES - SIZE_OCTAVES)
}
