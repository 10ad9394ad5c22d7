// Runs a procedure on a row; as moondream2/decoding.py, for one at a time.
import { coordinateOfBin, sizeOfBin } from "./region.js"
import { argmax, logLikelihoods } from "./sampling.js"

// Runs a procedure after `row` to its end and yields what it finds; returns why it ended, and how many tokens it wrote.
// sampler: chooses where a choice is free. check: is awaited before each step; may throw to stop.
export async function* run(network, row, procedure, sampler, check = () => {}) {
  // Where the row stands, and where it stood before each step that may be taken back.
  let at = { row }
  const before = []
  let nWritten = 0
  const readers = {
    async feed({ inputs, isTried }) {
      await check()
      const next = await network.feed(at.row, inputs)
      if (isTried) before.push(at)
      else if (at.row !== row) network.release(at.row)
      at = next
      if (inputs.length === 1) nWritten++
    },
    forget() {
      network.release(at.row)
      at = before.pop()
    },
    token({ banned, isGreedy }) {
      for (const id of banned) at.scores[id] = -Infinity
      return isGreedy ? argmax(at.scores) : sampler.choose(at.scores)
    },
    likelihoods: ({ ids }) => logLikelihoods(at.scores, ids),
    async coordinate() {
      return coordinateOfBin(argmax(await network.decodeCoordinate(at.hidden)), network.config.region)
    },
    async size() {
      const scores = await network.decodeSize(at.hidden)
      const half = scores.length / 2
      return [scores.subarray(0, half), scores.subarray(half)].map((each) => sizeOfBin(argmax(each), network.config.region))
    },
  }
  try {
    let step = procedure.next()
    while (!step.done) {
      const { found, want } = step.value
      if (found) yield step.value
      step = procedure.next(found ? undefined : await readers[want](step.value))
    }
    return { reason: step.value, nWritten }
  } finally {
    for (const each of [at, ...before]) if (each.row !== row) network.release(each.row)
  }
}
