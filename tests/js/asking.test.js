import assert from "node:assert/strict"
import { test } from "node:test"

import { Asking } from "../../static/js/asking/asking.js"
import { Refusal } from "../../static/js/plain/refusal.js"

// The question line, as Asking sees it: notes what it is told.
class FakeQuestion extends EventTarget {
  told = []

  refuse = () => this.told.push("refused")
  warn = (sentence) => this.told.push(sentence)
  keepSelected = () => this.told.push("kept")
  offers = (skill) => skill !== this.missing
}

const takeFrame = async () => ({ blob: "jpeg", source: "camera" })

// Returns { asking, question, told }; told: what Asking tells, as [event, detail], in order.
function begin(options) {
  const question = new FakeQuestion()
  const asking = new Asking({ question, takeFrame, isConnected: () => true, ...options })
  const told = []
  for (const name of ["asked", "send", "cancel", "answered"]) {
    asking.addEventListener(name, ({ detail }) => told.push([name, detail]))
  }
  return { asking, question, told }
}

const names = (told) => told.map(([name]) => name)

test("what is asked becomes a request that says all its card needs", async () => {
  const { asking, question, told } = begin()
  await asking.ask({ skill: "query", question: "How many mugs?" })
  assert.deepEqual(names(told), ["asked", "send"])
  const [, { id, ...request }] = told[0]
  assert.match(id, /^[0-9a-f]{24}$/)
  assert.deepEqual(request, {
    skill: "query",
    question: "How many mugs?",
    object: undefined,
    title: "How many mugs?",
    isFinding: false,
    proof: { skill: "point", object: "mugs", words: "Point at the mugs", kind: "count" },
    frame: { blob: "jpeg", source: "camera" },
  })
  assert.deepEqual(question.told, ["kept"])
})

test("a count is not offered to be checked where the model cannot point", async () => {
  const { asking, question, told } = begin()
  question.missing = "point"
  await asking.ask({ skill: "query", question: "How many mugs?" })
  assert.equal(told[0][1].proof, null)
})

test("nothing is asked while there is nothing to see", async () => {
  const { asking, question, told } = begin({ takeFrame: async () => null })
  await asking.ask({ skill: "caption" })
  assert.deepEqual([told, question.told], [[], ["refused"]])
})

test("frame that is refused is told in the words of its refusal", async () => {
  const { asking, question, told } = begin({ takeFrame: async () => { throw new Refusal("Too large.") } })
  await asking.ask({ skill: "caption" })
  assert.deepEqual([told, question.told], [[], ["Too large."]])
})

test("frame that is asked about again is of no source any more", async () => {
  const { asking, told } = begin()
  await asking.ask({ skill: "detect", object: "mug" })
  const [, first] = told[0]
  asking.askAgain(first)
  const [, again] = told[2]
  assert.notEqual(again.id, first.id)
  assert.equal(again.title, "Find: mug")
  assert.deepEqual(again.frame, { blob: "jpeg", source: null })
})

test("nothing is asked again without a connection", () => {
  const { asking, question, told } = begin({ isConnected: () => false })
  asking.askAgain({ skill: "caption", frame: {} })
  assert.deepEqual([told, question.told], [[], ["refused"]])
})

test("frame that the server forgot is sent as a picture, once", async () => {
  const { asking, told } = begin({ takeFrame: async () => ({ blob: "jpeg", frameId: "f" }) })
  await asking.ask({ skill: "caption" })
  const [, { id }] = told[0]
  asking.finish({ id, isFrameForgotten: true, error: "Send it again." })
  assert.deepEqual(names(told), ["asked", "send", "send"])
  assert.equal(told[2][1].frame.frameId, null)
  asking.finish({ id, isFrameForgotten: true, error: "Send it again." })
  assert.deepEqual(names(told).slice(3), ["answered"])
})

test("only what is open is stopped, and nobody claims to have stopped nothing", async () => {
  const { asking, told } = begin()
  assert.equal(asking.stopAll(), false)
  await asking.ask({ skill: "caption" })
  await asking.ask({ skill: "caption" })
  const [first, second] = told.filter(([name]) => name === "asked").map(([, { id }]) => id)
  asking.finish({ id: first })
  assert.equal(asking.stopAll(), true)
  assert.deepEqual(told.filter(([name]) => name === "cancel"), [["cancel", second]])
  asking.giveUp()
  assert.equal(asking.stopAll(), false)
})
