// From scores to one token; as moondream2/sampling.py, with another source of chance.

// Below this the likeliest token wins every draw, and dividing by it would overflow.
const MIN_TEMPERATURE = 1e-3

// temperature: 0 takes the best; otherwise one is drawn from the likeliest. topP: 0..1, the mass that candidates may
// have in front of them. seed: makes the draws of one answer reproducible; null draws freely.
export class Sampler {
  #temperature
  #topP
  #random

  constructor({ temperature = 0, topP = 0.3, seed = null } = {}) {
    this.#temperature = temperature
    this.#topP = topP
    this.#random = seed === null ? Math.random : randomOf(seed)
  }

  choose(scores) {
    if (this.#temperature < MIN_TEMPERATURE) return argmax(scores)
    const { order, shares } = distribution(scores, this.#temperature, this.#topP)
    let left = this.#random()
    for (let at = 0; at < order.length; at++) {
      left -= shares[at]
      if (left < 0) return order[at]
    }
    return order[0]
  }
}

// What is left after temperature and top-p: indices, the likeliest first, and their shares, whose sum is 1.
export function distribution(scores, temperature, topP) {
  const largest = scores[argmax(scores)] / temperature
  const powers = Float64Array.from(scores, (score) => Math.exp(score / temperature - largest))
  const total = powers.reduce((sum, power) => sum + power, 0)
  const order = [...powers.keys()].sort((a, b) => powers[b] - powers[a])
  let before = 0
  const nKept = order.findIndex((index) => {
    const isBeyond = before / total > topP
    before += powers[index]
    return isBeyond
  })
  const kept = nKept < 0 ? order : order.slice(0, nKept)
  const mass = kept.reduce((sum, index) => sum + powers[index], 0)
  return { order: kept, shares: kept.map((index) => powers[index] / mass) }
}

// The first of the largest, as torch has it.
export function argmax(values) {
  let best = 0
  for (let index = 1; index < values.length; index++) if (values[index] > values[best]) best = index
  return best
}

// Natural logarithms of how likely some indices are.
export function logLikelihoods(scores, indices) {
  const largest = scores[argmax(scores)]
  const logTotal = largest + Math.log(scores.reduce((sum, score) => sum + Math.exp(score - largest), 0))
  return indices.map((index) => scores[index] - logTotal)
}

// Numbers in 0..1 that look drawn, the same for the same seed (mulberry32).
function randomOf(seed) {
  let state = Number(BigInt.asUintN(32, BigInt(seed)))
  return () => {
    state = state + 0x6d2b79f5 | 0
    let mixed = Math.imul(state ^ state >>> 15, 1 | state)
    mixed = mixed + Math.imul(mixed ^ mixed >>> 7, 61 | mixed) ^ mixed
    return ((mixed ^ mixed >>> 14) >>> 0) / 2 ** 32
  }
}
