import assert from "node:assert/strict"
import { beforeEach, test } from "node:test"

import { Choices, MAX_SUGGESTIONS, USUAL } from "../../static/js/settings/choices.js"

const KEY = "moonsight.settings"
const OLDER = "moonsight.single-keys"

let kept
let otherTabs

beforeEach(() => {
  kept = new Map()
  otherTabs = []
  globalThis.localStorage = {
    getItem: (name) => kept.get(name) ?? null,
    setItem: (name, value) => kept.set(name, value),
    removeItem: (name) => kept.delete(name),
  }
  globalThis.addEventListener = (_, listener) => otherTabs.push(listener)
})

const open = () => new Choices({ maxChars: 20 })

function changeInOtherTab(text) {
  kept.set(KEY, text)
  for (const listener of otherTabs) listener({ key: KEY })
}

test("settings are remembered, and only those that are not as usual", () => {
  open().set({ temperature: 0.7, theme: "night", maxTokens: USUAL.maxTokens })
  assert.deepEqual(JSON.parse(kept.get(KEY)), { temperature: 0.7, theme: "night" })
  assert.deepEqual(open().values, { ...USUAL, temperature: 0.7, theme: "night" })
})

for (const text of [
  "", "{", "null", "7", '"x"', "[]", '[["theme", "day"]]',
  '{"maxTokens": "128", "temperature": 0.5, "theme": "noon", "quality": 0.85, "hasSingleKeys": "off"}',
  '{"suggestions": "Is it?"}', '{"suggestions": [7]}', '{"suggestions": ["Is it?", " "]}', '{"suggestions": {"length": 1}}',
  `{"suggestions": ["${"x".repeat(21)}"]}`,
  JSON.stringify({ suggestions: Array(MAX_SUGGESTIONS + 1).fill("Is it?") }),
  '{"constructor": 1, "__proto__": {"theme": "night"}, "ofALaterVersion": true}',
]) {
  test(`whatever stands in the browser's memory is no harm: ${text.slice(0, 40)}`, () => {
    kept.set(KEY, text)
    assert.deepEqual(open().values, USUAL)
  })
}

test("one value that cannot be leaves the others as they are", () => {
  kept.set(KEY, '{"theme": "day", "quality": 1000}')
  assert.deepEqual(open().values, { ...USUAL, theme: "day" })
})

test("a reset leaves nothing in the memory, and what it returns brings back everything", () => {
  const choices = open()
  const suggestions = ["Is it?", "Describe it"]
  choices.set({ maxTokens: 64, temperature: 1, suggestions, hasSingleKeys: false, theme: "day", quality: 95 })
  const chosen = { values: choices.values, text: kept.get(KEY) }
  const before = choices.reset()
  assert.deepEqual([choices.values, [...kept]], [USUAL, []])
  choices.set(before)
  assert.deepEqual({ values: choices.values, text: kept.get(KEY) }, chosen)
})

test("no suggestions at all are another choice than those of the model", () => {
  open().set({ suggestions: [] })
  assert.deepEqual(open().values.suggestions, [])
})

test("what is chosen in another tab is told, and checked", () => {
  const choices = open()
  const told = []
  choices.addEventListener("change", () => told.push(choices.values.theme))
  changeInOtherTab('{"theme": "day"}')
  changeInOtherTab('{"theme": "noon"}')
  assert.deepEqual(told, ["day", "system"])
})

test("keys that an older version has switched off stay off until everything is reset", () => {
  kept.set(OLDER, "off")
  const choices = open()
  choices.set({ theme: "day" })
  assert.deepEqual([open().values.hasSingleKeys, kept.has(OLDER)], [false, false])
  choices.reset()
  assert.equal(open().values.hasSingleKeys, true)
})

test("a browser that keeps nothing keeps the choice for this visit", () => {
  globalThis.localStorage = null
  const choices = open()
  choices.set({ theme: "day" })
  assert.equal(choices.values.theme, "day")
  assert.equal(choices.reset().theme, "day")
})
