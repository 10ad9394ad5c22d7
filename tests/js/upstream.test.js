import assert from "node:assert/strict"
import { beforeEach, test } from "node:test"

import { spentWords } from "../../static/js/plain/tokens.js"
import { kilobytes, listed, modelName } from "../../static/js/plain/words.js"
import { Checks } from "../../static/js/upstream/checks.js"
import { Figures } from "../../static/js/upstream/figures.js"
import { Wishes } from "../../static/js/upstream/wishes.js"

const HOSTS = ["api.example"]
const KEY = "moonsight.upstream api.example"
const NOON = new Date(2026, 5, 1, 12, 0, 0).getTime()
const timed = (firstTokenMs, totalMs) => ({ firstTokenMs, totalMs })

let kept

beforeEach(() => {
  kept = new Map()
  globalThis.localStorage = { getItem: (name) => kept.get(name) ?? null, setItem: (name, value) => kept.set(name, value) }
})

for (const [claim, usage, timings, isFinding, words] of [
  ["all of it", { nFed: 604, nWritten: 20 }, timed(600, 1000), false, "First word 0.6 s, 48 tokens a second, 624 tokens"],
  ["a slow one in tenths", { nFed: 10, nWritten: 6 }, timed(50, 2050), false, "First word 50 ms, 2.5 tokens a second, 16 tokens"],
  ["what came all at once has no rate", { nFed: 600, nWritten: 20 }, timed(600, 601), false, "First word 0.6 s, 620 tokens"],
  ["what was found first", { nFed: 600, nWritten: 1 }, timed(600, 900), true, "First found 0.6 s, 601 tokens"],
  ["nothing was found", { nFed: 600, nWritten: 0 }, timed(null, 900), true, "600 tokens"],
  ["nobody counted", null, timed(600, 900), false, "First word 0.6 s"],
  ["nothing is known", null, null, false, ""],
]) {
  test(`what an answer took is told: ${claim}`, () => assert.equal(spentWords({ usage, timings }, isFinding), words))
}

test("figures are the means of all answers, and places are none of the words", () => {
  const figures = new Figures()
  assert.deepEqual([figures.speedWords, figures.usedWords(NOON)], ["", ""])
  figures.add({ usage: { nFed: 1000, nWritten: 11 }, timings: timed(400, 900) })
  figures.add({ usage: { nFed: 1000, nWritten: 31 }, timings: timed(800, 1300) })
  figures.add({ usage: { nFed: 400, nWritten: 0 }, timings: timed(9000, 9500), places: [] })
  figures.add({ usage: null, timings: null })
  assert.equal(figures.speedWords, "First word 0.6 s, 40 tokens a second")
  assert.equal(figures.usedWords(NOON), "2,442 tokens since 12:00, 814 an answer")
})

test("wishes are remembered for their servers alone", () => {
  new Wishes(HOSTS).set({ model: "b", longerSidePx: 768, temperature: 0.5 })
  const { model, longerSidePx, temperature, quality } = new Wishes(HOSTS).values
  assert.deepEqual([model, longerSidePx, temperature, quality], ["b", 768, 0.5, 85])
  assert.equal(new Wishes(["other.example"]).values.model, "")
})

for (const text of [
  "", "{", "null", "7", '"x"', "[]",
  '{"model": 7, "longerSidePx": 9999, "quality": "85", "temperature": 3, "maxTokens": 0.5, "coordinates": "miles"}',
  `{"instruction": "${"x".repeat(2001)}", "constructor": 1, "__proto__": {"model": "evil"}}`,
]) {
  test(`whatever stands in the browser's memory is no harm: ${text.slice(0, 40)}`, () => {
    kept.set(KEY, text)
    assert.deepEqual(new Wishes(HOSTS).values, new Wishes(["other.example"]).values)
  })
}

test("what cannot be wished for is not taken", () => {
  const wishes = new Wishes(HOSTS)
  assert.equal(wishes.set({ maxTokens: 0 }), false)
  assert.equal(wishes.set({ temperature: 0 }), true)
  assert.equal(wishes.values.maxTokens, 768)
})

test("reset takes back how it is asked and neither the model nor its frame, and is itself taken back", () => {
  const wishes = new Wishes(HOSTS)
  wishes.set({ model: "b", quality: 50, instruction: "Be brief.", temperature: 1 })
  assert.equal(wishes.isUsualAsking, false)
  const before = wishes.resetAsking()
  const { model, quality, instruction, temperature } = wishes.values
  assert.deepEqual([model, quality, instruction, temperature, wishes.isUsualAsking], ["b", 50, "", 0, true])
  wishes.set(before)
  assert.equal(wishes.values.instruction, "Be brief.")
})

test("each model keeps its own test, and steps that were not tried say nothing", () => {
  const checks = new Checks()
  assert.deepEqual(checks.of("a"), { steps: [], at: null, isRunning: false })
  const id = checks.begin("a")
  checks.add({ id, isWell: false, words: "No answer from a.example.", remedy: "Is it running?" })
  checks.add({ id, isWell: null, words: "Not tried", remedy: "" })
  assert.deepEqual([checks.of("a").steps.length, checks.of("a").isRunning, checks.of("b").at], [1, true, null])
  assert.equal(checks.end({ id: "of an answer", error: null }), false)
  assert.equal(checks.end({ id, error: null }), true)
  assert.equal(checks.of("a").isRunning, false)
})

test("a test that breaks off or is refused says so", () => {
  const checks = new Checks()
  checks.begin("a")
  checks.giveUp()
  assert.deepEqual(checks.of("a").steps, [{ isWell: false, words: "The test broke off: connection lost.", remedy: "" }])
  checks.end({ id: checks.begin("a"), error: "Too many questions are waiting." })
  assert.deepEqual(checks.of("a").steps.map(({ words }) => words), ["Too many questions are waiting."])
})

test("bytes, hosts and names are said as people say them", () => {
  assert.deepEqual([12, 95_300, 999_499, 1_240_000].map(kilobytes), ["1 kB", "95 kB", "999 kB", "1.2 MB"])
  assert.deepEqual([[], ["a"], ["a", "b"], ["a", "b", "c"]].map(listed), ["", "a", "a and b", "a, b and c"])
  const ids = ["/srv/models/gemma.gguf", "C:\\models\\gemma.gguf", "google/gemma-3-4b-it"]
  assert.deepEqual(ids.map(modelName), ["gemma.gguf", "gemma.gguf", "google/gemma-3-4b-it"])
})
