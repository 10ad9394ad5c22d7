import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { test } from "node:test"

import { rankOf, Turns } from "../../in_browser/js/engine/turns.js"
import { logRest, logSum, probabilitiesOf, spellings, treeOf } from "../../in_browser/js/network/choices.js"
import { selectTiling } from "../../in_browser/js/network/crops.js"
import { halves } from "../../in_browser/js/network/network.js"
import { sizeOfBin } from "../../in_browser/js/network/region.js"
import { argmax, distribution, logLikelihoods, Sampler } from "../../in_browser/js/network/sampling.js"
import { UntilStop } from "../../in_browser/js/network/stops.js"
import { TextStream, Tokenizer } from "../../in_browser/js/network/tokenizer.js"

const read = (name) => JSON.parse(readFileSync(new URL(`../parity/${name}`, import.meta.url)))
const EXPECTED = read("expected.json")
const TOKENIZER = new Tokenizer(read("tokenizer.json"))

for (const [name, { rows, border, window, max_crops: maxCrops }] of Object.entries(EXPECTED.tilings)) {
  test(`pictures are tiled as by the reference: ${name}`, () => {
    for (const { width, height, tiling } of rows) {
      assert.deepEqual(selectTiling(height - border, width - border, window, maxCrops), tiling)
    }
  })
}

for (const { name, ids, chunks } of EXPECTED.streams) {
  test(`words leave as the reference sends them: ${name}`, () => {
    const words = new TextStream(TOKENIZER)
    assert.deepEqual([...ids.map((id) => words.push(id)), words.finish()].filter(Boolean), chunks)
  })
}

test("a size is the reference's of every bin", () => {
  const { size_out_dim: sizeOutDim } = read("config.json").region
  for (const [index, size] of Object.entries(EXPECTED.size_of_bin)) {
    assert.ok(Math.abs(sizeOfBin(Number(index), { sizeOutDim }) / size - 1) < 1e-6)
  }
})

test("a tokenizer of another kind is refused", () => {
  const file = read("tokenizer.json")
  assert.throws(() => new Tokenizer({ ...file, pre_tokenizer: { type: "Metaspace" } }), TypeError)
  assert.throws(() => new Tokenizer({ ...file, normalizer: { type: "NFC" } }), TypeError)
})

test("half numbers are what they stand for", () => {
  assert.deepEqual([...halves(Uint16Array.of(0, 0x3c00, 0xc000, 0x0001, 0x7bff))], [0, 1, -2, 2 ** -24, 65504])
})

test("the likeliest stays whatever top-p is, and shares sum to 1", () => {
  const { order, shares } = distribution([1, 3, 2], 1, 0)
  assert.deepEqual([order, shares], [[1], [1]])
  const all = distribution([1, 3, 2], 1, 1)
  assert.deepEqual(all.order, [1, 2, 0])
  assert.ok(Math.abs(all.shares.reduce((sum, each) => sum + each) - 1) < 1e-12)
})

test("a seed draws the same again, and greedy takes the first of the best", () => {
  const scores = Float32Array.of(1, 1.1, 0.9, 1)
  const draw = (seed) => {
    const sampler = new Sampler({ temperature: 1, topP: 1, seed })
    return Array.from({ length: 40 }, () => sampler.choose(scores))
  }
  assert.deepEqual(draw(7), draw(7))
  assert.notDeepEqual(draw(7), draw(8))
  assert.equal(new Sampler().choose(Float32Array.of(0, 2, 2)), 1)
  assert.equal(argmax([-Infinity, -3]), 1)
})

test("likelihoods are the logarithms of shares", () => {
  const [first, second] = logLikelihoods(Float32Array.of(0, Math.log(3)), [0, 1])
  assert.ok(Math.abs(Math.exp(first) - 0.25) < 1e-6 && Math.abs(Math.exp(second) - 0.75) < 1e-6)
})

test("a shorter choice is not the likelier one for being shorter", () => {
  const root = treeOf([{ text: "red", spellings: [[1]] }, { text: "red car", spellings: [[1, 2]] }])
  assert.equal(root.children.get(1).choice, 0)
  assert.equal(root.children.get(1).children.get(2).choice, 1)
  assert.ok(Math.abs(logSum([Math.log(0.25), Math.log(0.5)]) - Math.log(0.75)) < 1e-12)
  assert.ok(Math.abs(logRest([Math.log(0.25)]) - Math.log(0.75)) < 1e-12)
  assert.deepEqual(probabilitiesOf(new Map([[0, 0], [1, 0]]), 2), [0.5, 0.5])
  assert.throws(() => probabilitiesOf(new Map([[0, NaN], [1, 0]]), 2), RangeError)
})

test("a choice is written with a small or a capital letter, with or without a space", () => {
  assert.deepEqual(spellings(" yes"), ["yes", "Yes", " yes", " Yes"])
  assert.deepEqual(spellings("ßa"), ["ßa", " ßa"])
})

test("an answer ends before a stop text, however it is cut", () => {
  const text = new UntilStop(["END", "E!"])
  assert.deepEqual(["a E", "N", "D more"].map((piece) => text.push(piece)), ["a ", "", ""])
  assert.ok(text.isOver)
  const other = new UntilStop(["END"])
  assert.equal(other.push("a EN") + other.finish(), "a EN")
})

test("a question goes before what a loop asks, and of loops the newest waits", () => {
  const turns = new Turns()
  const [old, newer] = [{ id: "old", skill: "query", isLive: true }, { id: "newer", skill: "query", isLive: true }]
  assert.equal(turns.add(old), undefined)
  assert.equal(turns.add(newer), old)
  turns.add({ id: "look", skill: "look" })
  turns.add({ id: "asked", skill: "detect" })
  assert.deepEqual(turns.line.map(({ id }) => id), ["asked", "newer"])
  assert.deepEqual([1, 2, 3, 4].map(() => turns.next()?.id), ["asked", "newer", "look", undefined])
  assert.equal(rankOf(newer), 1)
})
