import assert from "node:assert/strict"
import { beforeEach, test } from "node:test"

import { ENOUGH_RULES, newRule } from "../../static/js/live/rule.js"
import { lineOf } from "../../static/js/live/rules.js"
import { Watching } from "../../static/js/live/watching.js"

const SKILLS = { question: "to ask", object: "to find" }
const MAX_CHARS = { question: 2000, object: 200 }
const GLANCE = new Uint8ClampedArray(4)
const SLEEP = { why: "hidden", since: 0 }

// Has news when the test says so.
class ToldGate {
  isNews = true
  kept = 0
  hasNews = () => this.isNews
  keep = () => { this.kept += 1; this.isNews = false }
  forget = () => { this.isNews = true }
}

let gate, watching, told, frameNumber, now

beforeEach(() => {
  ;[gate, told, frameNumber, now] = [new ToldGate(), [], 0, Date.now()]
  watching = new Watching({ gate, skills: SKILLS, maxChars: MAX_CHARS })
  watching.addEventListener("alert", ({ detail }) => told.push(detail))
})

const objectRule = (words, fields = {}) => newRule({ kind: "object", when: "appears", words, ...fields })
const questionRule = (words, fields = {}) => newRule({ kind: "question", when: "yes", words, ...fields })
const wants = () => watching.wants({ glance: GLANCE, now })
const says = {
  found: (n) => ({ reason: "stop", error: null, places: Array(n).fill({ x: 0.5, y: 0.5 }) }),
  yes: (p) => ({ reason: "stop", error: null, choice: p > 0.5 ? "yes" : "no", probabilities: [p, 1 - p] }),
  replaced: { reason: "replaced", error: null },
  cancelled: { reason: "cancelled", error: null },
}

// One frame, asked about as is wanted; returns how much was asked.
function look(...responses) {
  now += 100
  const frame = { number: frameNumber++, blob: new Blob(["jpeg"]), width: 4, height: 3, takenAt: now }
  const asked = wants()
  asked.forEach((each, index) => {
    watching.answered({ asked: each, response: responses[index], frame, glance: GLANCE, now })
  })
  return asked.length
}

test("nothing is asked for rules that are off", () => {
  watching.add(objectRule("cat"))
  assert.equal(wants().length, 1)
  watching.turn(watching.entries[0].rule.id, false)
  assert.equal(wants().length, 0)
  assert.equal(watching.nAwake, 0)
})

test("a rule whose skill the model has not sleeps, says why, and wakes with another model", () => {
  watching.add(objectRule("cat"))
  watching.add(questionRule("the kettle boils"))
  watching.missing = { [SKILLS.object]: "no places came back in the test" }
  const [{ rule, state }] = watching.entries
  assert.deepEqual(wants().map(({ skill }) => skill), [SKILLS.question])
  assert.deepEqual([watching.nAwake, watching.nOn], [1, 1])
  const line = lineOf(rule, state, watching.sleepOf(rule), now)
  assert.match(line, /^Asleep since \d\d:\d\d: no places came back in the test$/)
  watching.missing = {}
  assert.equal(watching.sleepOf(rule), null)
  assert.equal(wants().length, 2)
})

test("a question is asked for yes or no, an object is looked for", () => {
  watching.add(questionRule("the kettle boils"))
  watching.add(objectRule("the cat"))
  watching.woke()
  const [question, object] = wants()
  assert.equal(question.skill, "to ask")
  assert.equal(question.question, "Is this so: the kettle boils?")
  assert.deepEqual(question.choices, ["yes", "no"])
  assert.equal(object.skill, "to find")
  assert.equal(object.object, "cat")
  assert.equal(object.choices, undefined)
})

test("without news it looks only until each rule is sure", () => {
  watching.add(objectRule("cat"))
  watching.add(objectRule("dog", { sure: "1 of 1" }))
  watching.woke()
  assert.equal(look(says.found(0), says.found(0)), 2)
  assert.equal(look(says.found(0)), 1)
  assert.equal(look(), 0)
  gate.isNews = true
  assert.equal(look(says.found(1), says.found(0)), 2)
  assert.equal(look(says.found(1)), 1)
  assert.deepEqual(told.map(({ name, text }) => [name, text]), [["Cat appears", "1 found, sure after 2 of 3 looks."]])
  assert.equal(look(), 0)
})

test("an alert keeps the very frame it is about, with what was found in it", () => {
  watching.add(objectRule("cat", { sure: "1 of 1" }))
  watching.woke()
  look(says.found(2))
  assert.equal(told[0].frame.number, 0)
  assert.deepEqual(told[0].places, says.found(2).places)
  assert.equal(told[0].count, 2)
})

test("only a frame that all rules were asked about stands for what has happened since", () => {
  watching.add(objectRule("cat"))
  watching.add(objectRule("dog", { sure: "1 of 1" }))
  watching.woke()
  look(says.found(1), says.found(0))
  assert.equal(gate.kept, 1)
  look(says.found(1))
  assert.equal(gate.kept, 1)
})

for (const fate of ["replaced", "cancelled"]) {
  test(`a look that ends as ${fate} counts for nothing and is made again`, () => {
    watching.add(objectRule("cat", { sure: "1 of 1" }))
    watching.woke()
    look(says[fate])
    assert.equal(gate.kept, 0)
    now += 10_000
    assert.equal(look(says.found(1)), 1)
    assert.equal(told.length, 1)
  })
}

test("what was asked and never answered is asked again", () => {
  watching.add(objectRule("cat", { sure: "1 of 1" }))
  watching.add(objectRule("dog", { sure: "1 of 1" }))
  watching.woke()
  look(says.found(0), says.found(0))
  gate.isNews = true
  const asked = wants()
  const frame = { takenAt: now }
  watching.answered({ asked: asked[0], response: says.found(0), frame, glance: GLANCE, now })
  assert.deepEqual(wants().map(({ object }) => object), ["dog"])
})

test("trouble is said with the time of the next look, and every rule looks again", () => {
  watching.add(objectRule("cat", { sure: "1 of 1" }))
  watching.woke()
  look(says.found(0))
  assert.equal(wants().length, 0)
  watching.troubled({ sentence: "Busy.", retryAt: now + 4000 })
  const { rule, state } = watching.entries[0]
  assert.equal(lineOf(rule, state, watching.sleep, now), "Trouble: Busy. Next look in 4 s.")
  assert.equal(wants().length, 1)
})

test("an answer that is neither yes nor no is not asked for over and over", () => {
  watching.add(questionRule("Is it open?"))
  watching.woke()
  look({ reason: "stop", error: null })
  assert.equal(wants().length, 0)
})

test("whom the loop asks is awake", () => {
  watching.add(objectRule("cat"))
  assert.equal(watching.nAwake, 0)
  assert.equal(watching.nOn, 1)
  assert.equal(wants().length, 1)
  assert.equal(watching.nAwake, 1)
})

test("an answer that comes while it sleeps tells nothing", () => {
  watching.add(objectRule("cat", { sure: "1 of 1" }))
  watching.woke()
  const [asked] = wants()
  watching.slept(SLEEP)
  watching.answered({ asked, response: says.found(1), frame: { takenAt: now }, glance: GLANCE, now })
  assert.deepEqual(told, [])
  watching.woke()
  look(says.found(1))
  assert.equal(told.length, 1)
})

test("an answer for a rule that was changed meanwhile, or is gone, tells nothing", () => {
  watching.add(objectRule("cat", { sure: "1 of 1" }))
  watching.woke()
  const { rule } = watching.entries[0]
  const [asked] = wants()
  watching.replace({ ...rule, words: "dog" })
  const answer = { asked, response: says.found(1), frame: { takenAt: now }, glance: GLANCE, now }
  watching.answered(answer)
  watching.remove(rule.id)
  watching.answered(answer)
  assert.deepEqual(told, [])
})

test("another time of quiet keeps what was seen, another object does not", () => {
  watching.add(objectRule("cat"))
  watching.woke()
  look(says.found(1))
  const { rule } = watching.entries[0]
  watching.replace({ ...rule, quiet: "1 h" })
  assert.equal(watching.entries[0].state.looks.length, 1)
  watching.replace({ ...rule, words: "dog" })
  assert.equal(watching.entries[0].state.looks.length, 0)
})

test("a thousand switches in a row tell once at most", () => {
  watching.add(objectRule("cat", { sure: "1 of 1" }))
  watching.woke()
  const { id } = watching.entries[0].rule
  for (let n = 0; n < 1000; n++) {
    watching.turn(id, n % 2 === 1)
    if (n % 2 === 1) look(says.found(1))
  }
  assert.equal(told.length, 1)
})

test("ten rules are enough, also for one that comes back", () => {
  for (let n = 0; n < 10; n++) assert.ok(watching.add(objectRule(`cat ${n}`)))
  assert.equal(watching.refusal, ENOUGH_RULES)
  assert.ok(!watching.add(objectRule("cat")))
  const removed = watching.remove(watching.entries[3].rule.id)
  assert.ok(watching.restore(removed))
  assert.equal(watching.entries[3].rule.words, "cat 3")
  const gone = watching.remove(watching.entries[3].rule.id)
  watching.add(objectRule("dog"))
  assert.ok(!watching.restore(gone))
  assert.equal(watching.entries.length, 10)
})

test("where nothing can be kept, it says so", () => {
  watching.add(objectRule("cat"))
  assert.equal(watching.isKept, false)
})
