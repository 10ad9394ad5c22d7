import assert from "node:assert/strict"
import { test } from "node:test"

import { isRecord, recordOf } from "../../static/js/history/answer_record.js"
import { tooMuch } from "../../static/js/history/bounds.js"
import { CannotRead, dataFile, recordsOf } from "../../static/js/history/data_file.js"
import { matches, wordsOf } from "../../static/js/history/search.js"
import { dayWords, when } from "../../static/js/plain/words.js"

const NOW = new Date(2026, 10, 28, 14, 31).getTime()
const DAY_MS = 86_400_000
const SKILLS = ["query", "detect"]
const JPEG = new Blob([new Uint8Array([0xff, 0xd8, 0xff, 0xe0, 1, 2, 3])], { type: "image/jpeg" })
const FACTS = { model: { name: "demo", device: "cpu", dtype: null }, settings: { maxTokens: 64 } }
const TIMINGS = { queueMs: 1, decodeMs: 2, encodeMs: 3, prefillMs: 4, firstTokenMs: 5, totalMs: 6 }
const frame = { blob: JPEG, width: 640, height: 360, takenAt: NOW - 500, source: null, frameId: "f1" }
const tiles = [["A", "14:31", 0, 0.4], ["B", "now", 0.5, 1]].map(([letter, when, xMin, xMax]) => {
  return { letter, when, xMin, yMin: 0.1, xMax, yMax: 1 }
})
const asked = { id: "a1", skill: "query", question: "What is <b>on</b> the desk?", title: "What is <b>on</b> the desk?", frame }
const said = { text: "A blue mug.", places: [], reason: "stop", timings: TIMINGS, error: null, spent: null }
const found = {
  text: "2 found.", places: [{ xMin: 0, yMin: 0.1, xMax: 0.5, yMax: 1 }, { x: 0.5, y: 0.25 }], reason: "cancelled",
  timings: null, error: null, spent: { usage: { nFed: 700, nWritten: 3 }, timings: TIMINGS },
}
const first = recordOf(asked, NOW, said, FACTS)
const second = recordOf({ ...asked, id: "a2", skill: "detect", question: undefined, object: "mug" }, NOW + 1, found, FACTS)
const together = { ...frame, blob: JPEG.slice(0, 5, "image/jpeg"), tiles }
const third = recordOf({ ...asked, id: "a3", frame: together }, NOW + 2, found, FACTS)

async function* each(...records) {
  for (const { answer, picture } of records) yield { answer, frame: picture }
}

async function read(file, ...limits) {
  const records = []
  for await (const record of recordsOf(file, ...limits)) records.push(record)
  return records
}

async function textOf(file) {
  return (await file.text()).replace(/"exported_at":"[^"]*"/, "")
}

test("answers about one picture share it, and it is named after the first of them", () => {
  const other = { ...asked, id: "a9", frame: { ...frame, blob: new Blob(["x"]) } }
  assert.equal(first.answer.pictureId, second.answer.pictureId)
  assert.notEqual(first.answer.pictureId, recordOf(other, NOW, said, FACTS).picture.id)
})

test("what is kept is read back", () => {
  for (const record of [first, second, third]) assert.ok(isRecord(record, SKILLS))
})

for (const [claim, change] of [
  ["of a skill that is not there", { asked: { skill: "fly" } }],
  ["whose title is no text", { title: { html: "<b>" } }],
  ["that ended in no known way", { outcome: { ...said, reason: "burnt" } }],
  ["with a place outside of numbers", { outcome: { ...found, places: [{ x: "1", y: 2 }] } }],
  ["of no time", { askedAt: Number.NaN }],
  ["about another picture", { pictureId: "other" }],
]) {
  test(`an answer ${claim} is none`, () => {
    assert.ok(!isRecord({ ...first, answer: { ...first.answer, ...change } }, SKILLS))
  })
}

for (const [claim, wrong] of [
  ["one alone", [tiles[0]]],
  ["in another order", [tiles[1], tiles[0]]],
  ["five", Array(5).fill(tiles[0])],
  ["without a width", [tiles[0], { ...tiles[1], xMax: 0.5 }]],
  ["outside of the picture", [tiles[0], { ...tiles[1], xMax: 1.5 }]],
  ["of a time that is no text", [tiles[0], { ...tiles[1], when: 14 }]],
  ["that are nothing", [null, null]],
  ["that are no list", { length: 2 }],
]) {
  test(`frames in one picture, ${claim}, are not what is kept`, () => {
    assert.ok(!isRecord({ ...third, picture: { ...third.picture, tiles: wrong } }, SKILLS))
  })
}

for (const [how, limits] of [["at once", []], ["line by line", [0]]]) {
  test(`a file is written, read ${how} and written again, and is the same`, async () => {
    const file = await dataFile(each(first, second, third), () => {})
    const records = await read(file, ...limits)
    assert.ok(records.every((record) => isRecord(record, SKILLS)))
    assert.equal(await textOf(await dataFile(each(...records), () => {})), await textOf(file))
    assert.equal(JSON.parse(await file.text()).answers[1].places[0].x_min, 0)
    assert.deepEqual(records.map(({ picture }) => picture.tiles), [undefined, undefined, tiles])
    assert.equal(JSON.parse(await file.text()).answers[2].frame.tiles[1].x_min, 0.5)
  })
}

test("a file holds each picture once", async () => {
  const { answers } = JSON.parse(await (await dataFile(each(first, second), () => {})).text())
  assert.deepEqual(answers.map((answer) => "image" in answer.frame), [true, false])
})

const whole = JSON.parse(await (await dataFile(each(first), () => {})).text())
const withImage = (image) => ({ ...whole, answers: [{ ...whole.answers[0], frame: { ...whole.answers[0].frame, image } }] })
for (const [claim, content] of [
  ["is empty", ""],
  ["is markup", "<html><script>alert(1)</script>"],
  ["is other JSON", "[]"],
  ["is of somebody else", JSON.stringify({ ...whole, format: "other" })],
  ["has no answers", JSON.stringify({ ...whole, answers: {} })],
  ["has an answer that is null", JSON.stringify({ ...whole, answers: [null] })],
  ["has a picture elsewhere", JSON.stringify(withImage("https://example.com/a.jpg"))],
  ["has a picture that runs", JSON.stringify(withImage("data:image/svg+xml;base64,PHN2Zz4="))],
  ["has a picture that is none", JSON.stringify(withImage("data:image/jpeg;base64,PHN2Zz4="))],
  ["has a picture that is broken", JSON.stringify(withImage("data:image/jpeg;base64,/9j/%%%"))],
  ["is from a newer version", JSON.stringify({ ...whole, version: 2 })],
]) {
  for (const limit of [[], [0]]) {
    test(`a file that ${claim} is refused, ${limit.length ? "line by line" : "at once"}`, async () => {
      await assert.rejects(read(new Blob([content]), ...limit), CannotRead)
    })
  }
}

test("the oldest go when there is too much, and a picture of several answers counts once", () => {
  const entries = ["a", "b", "b", "c"].map((pictureId, index) => ({ id: `${index}`, askedAt: NOW - index, pictureId, bytes: 40 }))
  assert.deepEqual(tooMuch(entries, { maxBytes: 80, maxDays: 30 }, NOW), ["3"])
  assert.deepEqual(tooMuch(entries, { maxBytes: 120, maxDays: 30 }, NOW), [])
})

test("what is too old goes", () => {
  const entries = [0, 2, 40].map((days) => ({ id: `${days}`, askedAt: NOW - days * DAY_MS, pictureId: `${days}`, bytes: 1 }))
  assert.deepEqual(tooMuch(entries, { maxBytes: 1000, maxDays: 30 }, NOW), ["40"])
})

test("all words are searched for, in question and answer, whatever their case", () => {
  assert.ok(matches(first.answer, wordsOf(" MUG  desk ")))
  assert.ok(!matches(first.answer, wordsOf("mug lamp")))
})

test("a time is told with its day where that is another", () => {
  assert.equal(dayWords(NOW - 60_000, NOW), "")
  assert.match(when(NOW - DAY_MS, NOW), /^Yesterday, /)
  assert.match(when(NOW - 25 * DAY_MS, NOW), /^3 November, /)
  assert.match(when(NOW - 400 * DAY_MS, NOW), /2025/)
})
