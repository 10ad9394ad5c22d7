import assert from "node:assert/strict"
import { test } from "node:test"

import {
  askedOf, conditionOf, guess, MAX_RULES, nameOf, newRule, readRules, refusalOf, settingsWords, writeRules,
} from "../../static/js/live/rule.js"

const MAX_CHARS = { question: 2000, object: 200 }
const QUESTION = { kind: "question", when: "yes" }
const OBJECT = { kind: "object", when: "appears" }

for (const [words, expected] of [
  ["parcel", OBJECT],
  ["a red car", OBJECT],
  ["glasses", OBJECT],
  ["a parcel appears", OBJECT],
  ["the cat is gone", { kind: "object", when: "goes" }],
  ["somebody leaves", { kind: "object", when: "goes" }],
  ["Is the door open?", QUESTION],
  ["is the door open", QUESTION],
  ["the kettle boils?", QUESTION],
  ["isn’t it dark", QUESTION],
  ["the kettle boils", QUESTION],
  ["someone is at the door", QUESTION],
]) {
  test(`"${words}" is likely ${expected.kind}, ${expected.when}`, () => assert.deepEqual(guess(words), expected))
}

for (const [fields, words, asked, name] of [
  [QUESTION, " is the  door open ", "Is the door open?", "Is the door open?"],
  [QUESTION, "the kettle boils.", "Is this so: the kettle boils?", "The kettle boils"],
  [{ ...QUESTION, when: "no" }, "the kettle boils", "Is this so: the kettle boils?", "The kettle boils: no"],
  [{ ...QUESTION, when: "no" }, "Is the light on?", "Is the light on?", "Is the light on? No"],
  [OBJECT, "a parcel", "parcel", "Parcel appears"],
  [OBJECT, "the parcel arrives.", "parcel", "Parcel appears"],
  [{ ...OBJECT, when: "goes" }, "the cat is gone", "cat", "Cat goes"],
  [{ ...OBJECT, when: "more", limit: 3 }, "person", "person", "Person is more than 3"],
  [OBJECT, "éclair", "éclair", "Éclair appears"],
]) {
  test(`"${words}" asks "${asked}" and is called "${name}"`, () => {
    const rule = newRule({ ...fields, words })
    assert.equal(askedOf(rule), asked)
    assert.equal(nameOf(rule), name)
    assert.equal(newRule(rule).words, rule.words)
  })
}

for (const [kind, words, refusal] of [
  ["question", `${"a".repeat(1999)}?`, null],
  ["question", `${"a".repeat(2000)}?`, "A rule has room for 2,000 characters."],
  ["question", "a".repeat(2000), "A rule has room for 2,000 characters."],
  ["object", "𝒶".repeat(200), null],
  ["object", "a".repeat(201), "An object has room for 200 characters."],
  ["object", "", "Write what to tell you of: an object, as parcel, or a question, as Is the door open?"],
]) {
  test(`a ${kind} of ${words.length} characters is ${refusal ? "refused" : "taken"}`, () => {
    assert.equal(refusalOf({ kind, words }, MAX_CHARS), refusal)
  })
}

test("the settings are said in one line", () => {
  const said = (ways) => settingsWords(newRule({ ...OBJECT, words: "cat", ways }))
  assert.equal(said({ page: true, sound: true, notification: false }), "2 of 3 looks, quiet 1 minute, sound")
  assert.equal(said({ page: true, sound: true, notification: true }), "2 of 3 looks, quiet 1 minute, sound, notification")
  assert.equal(said({ page: true, sound: false, notification: false }), "2 of 3 looks, quiet 1 minute, on this page")
  assert.equal(said({ page: false, sound: false, notification: false }), "2 of 3 looks, quiet 1 minute, only kept below")
})

test("how a rule tells is no part of what it is about", () => {
  const rule = newRule({ ...OBJECT, words: "cat" })
  assert.equal(conditionOf({ ...rule, quiet: "1 h", sure: "1 of 1", limit: 9 }), conditionOf(rule))
  for (const other of [{ words: "dog" }, { when: "goes" }, { when: "more" }, { kind: "question" }]) {
    assert.notEqual(conditionOf({ ...rule, ...other }), conditionOf(rule))
  }
})

const PAST = { isSo: true, isDue: false, toldAt: 1_790_000_000_000 }
const kept = (fields = {}, past = PAST) => ({ rule: newRule({ ...OBJECT, words: "cat", ...fields }), past })

test("what is written is read back as it was", () => {
  const all = [kept(), kept({ isOn: false, when: "more", limit: 5, quiet: "1 h", sure: "3 of 5" }), kept(QUESTION)]
  assert.deepEqual(readRules(writeRules(all), MAX_CHARS), all)
})

for (const text of [null, "", "{", "null", "7", "{}", '"rules"', "[null]", "[[]]", "[7]", '[{"id":"a"}]', "[[[[[[", "\u0000"]) {
  test(`nothing is read from ${JSON.stringify(text)}`, () => assert.deepEqual(readRules(text, MAX_CHARS), []))
}

for (const [claim, fields] of [
  ["without an id", { id: 7 }],
  ["with an id that is none", { id: "<b>" }],
  ["of an unknown kind", { kind: "__proto__" }],
  ["of a kind that every object has", { kind: "constructor" }],
  ["that tells of nothing it can", { when: "yes" }],
  ["whose words are none", { words: ["cat"] }],
  ["without words", { words: "  " }],
  ["with too many words", { words: "a".repeat(1_000_000) }],
]) {
  test(`a rule ${claim} is left out, and the one beside it is taken`, () => {
    const good = kept()
    const text = JSON.stringify([{ ...kept().rule, ...fields }, { ...good.rule, past: good.past }])
    assert.deepEqual(readRules(text, MAX_CHARS), [good])
  })
}

test("what is wrong beside the words becomes what it is at first", () => {
  const { rule } = kept()
  const wrong = { limit: 1e9, sure: "toString", quiet: 7, ways: "all", past: { isSo: 1, isDue: 1, toldAt: 1e300 } }
  assert.deepEqual(readRules(JSON.stringify([{ ...rule, ...wrong }]), MAX_CHARS), [
    { rule, past: { isSo: null, isDue: false, toldAt: null } },
  ])
})

test("of eleven rules ten are taken, and each once", () => {
  const many = Array.from({ length: 11 }, () => kept())
  assert.equal(readRules(writeRules(many), MAX_CHARS).length, MAX_RULES)
  assert.equal(readRules(writeRules([many[0], many[0]]), MAX_CHARS).length, 1)
})
