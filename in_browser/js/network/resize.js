// Pillow's Lanczos filter, to the last bit: one axis after the other, rounded to bytes in between.
// Follows `ImagingResampleInner`, python-pillow/Pillow@af037475b src/libImaging/Resample.c, and the order of axes
// of Pillow 13, as moondream2/resize.py does.

// The filter's reach, in pixels of the smaller picture.
const REACH = 3
// Pillow's weights are whole numbers, this many bits of which make one.
const WEIGHT_BITS = 22

// A picture: { data: bytes (height, width, 3), width, height }. Returns another.
export function resize(picture, width, height) {
  const isTallFirst = 0 < picture.height - height && picture.height - height > 2 * (picture.width - width)
  return isTallFirst
    ? acrossTo(downTo(picture, height), width)
    : downTo(acrossTo(picture, width), height)
}

function acrossTo({ data, width: from, height }, width) {
  const { firsts, ends, taps, nTaps } = weights(from, width)
  const resized = new Uint8ClampedArray(3 * width * height)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let [red, green, blue] = HALVES
      let at = 3 * (y * from + firsts[x])
      for (let tap = nTaps * x; tap < ends[x]; tap++, at += 3) {
        red += taps[tap] * data[at]
        green += taps[tap] * data[at + 1]
        blue += taps[tap] * data[at + 2]
      }
      const to = 3 * (y * width + x)
      resized[to] = red >> WEIGHT_BITS
      resized[to + 1] = green >> WEIGHT_BITS
      resized[to + 2] = blue >> WEIGHT_BITS
    }
  }
  return { data: resized, width, height }
}

function downTo({ data, width, height: from }, height) {
  const { firsts, ends, taps, nTaps } = weights(from, height)
  const line = 3 * width
  const resized = new Uint8ClampedArray(line * height)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < line; x++) {
      let sum = HALVES[0]
      let at = firsts[y] * line + x
      for (let tap = nTaps * y; tap < ends[y]; tap++, at += line) sum += taps[tap] * data[at]
      resized[y * line + x] = sum >> WEIGHT_BITS
    }
  }
  return { data: resized, width, height }
}

const HALVES = Array(3).fill(1 << (WEIGHT_BITS - 1))

// What each of `nFrom` pixels gives to each of `nTo`: from which on, and whole numbers, which begin at each multiple
// of nTaps and end before `ends`.
function weights(nFrom, nTo) {
  const scale = nFrom / nTo
  // A picture that grows is filtered as finely as it is.
  const stretch = Math.max(scale, 1)
  const reach = REACH * stretch
  const nTaps = 2 * Math.ceil(reach) + 1
  const [firsts, ends] = [new Int32Array(nTo), new Int32Array(nTo)]
  const taps = new Int32Array(nTo * nTaps)
  for (let to = 0; to < nTo; to++) {
    const centre = (to + 0.5) * scale
    const first = Math.max(Math.trunc(centre - reach + 0.5), 0)
    const end = Math.min(Math.trunc(centre + reach + 0.5), nFrom)
    const values = Array.from({ length: end - first }, (_, tap) => lanczos((first + tap - centre + 0.5) / stretch))
    const sum = values.reduce((total, value) => total + value, 0)
    firsts[to] = first
    ends[to] = to * nTaps + values.length
    values.forEach((value, tap) => {
      const share = value / sum * 2 ** WEIGHT_BITS
      taps[to * nTaps + tap] = Math.trunc(share + Math.sign(share) * 0.5)
    })
  }
  return { firsts, ends, taps, nTaps }
}

function lanczos(x) {
  return Math.abs(x) < REACH ? sinc(x) * sinc(x / REACH) : 0
}

function sinc(x) {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x)
}
