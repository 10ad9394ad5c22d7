import assert from "node:assert/strict"
import { test } from "node:test"

import { Offer } from "../../static/js/asking/offer.js"
import {
  ASK, COMMANDS, DEMO_SUGGESTIONS, isFinding, proofOf, SKILLS, SUGGESTIONS, titleOf,
} from "../../static/js/asking/skills.js"

const WORDS = { question: "What is it?", object: "mug" }
const TITLES = { query: "What is it?", caption: "Describe it", detect: "Find: mug", point: "Point: mug" }

for (const [skill, row] of Object.entries(SKILLS)) {
  test(`${skill} says all that the page needs of a skill`, () => {
    for (const name of ["verb", "label", "placeholder"]) assert.ok(row[name], name)
    assert.ok(["question", "object", null].includes(row.takes))
    assert.ok(titleOf({ skill, ...WORDS }))
    assert.equal(isFinding({ skill }), row.takes === "object")
  })
}

for (const [skill, title] of Object.entries(TITLES)) {
  test(`card of ${skill} is titled "${title}"`, () => assert.equal(titleOf({ skill, ...WORDS }), title))
}

test("every command asks for a skill that looks for an object", () => {
  for (const skill of Object.values(COMMANDS)) assert.ok(isFinding({ skill }), skill)
})

test("what is suggested can be asked at once, and is told apart by its words", () => {
  for (const suggestions of [SUGGESTIONS, DEMO_SUGGESTIONS]) {
    const titles = suggestions.map(titleOf)
    assert.ok(titles.every(Boolean))
    assert.equal(new Set(titles).size, titles.length)
  }
})

test("what the model has not is neither offered nor suggested, and asking always is", () => {
  const offer = new Offer({ isDemo: true, missing: { query: "no", caption: "no", detect: "no" } })
  assert.deepEqual(Object.keys(SKILLS).filter((skill) => offer.has(skill)), ["query", "point"])
  assert.deepEqual([1, 2, 3].map((n) => offer.nth(n)), ["query", "point", undefined])
  assert.ok(offer.suggestions.every(({ skill }) => skill === "query"))
})

test("a person's own suggestions take the place of the model's, and say the same by the same words", () => {
  const suited = new Offer({ isDemo: true })
  assert.deepEqual(new Offer({ own: suited.usual }).suggestions, suited.suggestions)
  const offer = new Offer({ isDemo: true, own: ["Find the mug", "Describe it"], missing: { caption: "no" } })
  assert.deepEqual(offer.suggestions, [{ skill: ASK, question: "Find the mug" }])
  assert.deepEqual(offer.usual, suited.usual.slice(0, 3))
  assert.deepEqual(new Offer({ own: [] }).suggestions, [])
})

test("only a count can be proven, by pointing at what it counts", () => {
  const proof = { skill: "point", object: "mugs", words: "Point at the mugs", kind: "count" }
  assert.deepEqual(proofOf({ skill: ASK, question: "How many mugs are there?" }), proof)
  assert.equal(proofOf({ skill: ASK, question: "What is it?" }), null)
  assert.equal(proofOf({ skill: "detect", object: "mugs" }), null)
})
