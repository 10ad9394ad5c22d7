import assert from "node:assert/strict"
import { test } from "node:test"

import { AS_IT_CHANGES, BACK_TO_BACK } from "../../static/js/live/pace.js"
import { Session } from "../../static/js/live/session.js"
import { timeOfDay } from "../../static/js/plain/words.js"

const HOUR_MS = 3_600_000
const session = () => new Session({ asked: { question: "What is it?" }, title: "What is it?", now: 0 })

function answered(kept, ...answers) {
  for (const [now, sentence] of answers) kept.answer({ sentence, frame: { takenAt: now - 400 }, now })
  return kept
}

test("an equal answer is nothing new, whatever its spaces, capitals and full stop", () => {
  const kept = answered(session(), [1000, "A red ball."])
  assert.equal(kept.answer({ sentence: " a  red ball", frame: { takenAt: 1500 }, now: 2000 }), false)
  assert.equal(kept.answer({ sentence: "A blue ball.", frame: { takenAt: 2500 }, now: 3000 }), true)
  assert.equal(kept.nDifferent, 2)
})

test("what was said before leaves out what is said now, and ends at 200", () => {
  const many = Array.from({ length: 230 }, (_, index) => [index, `${index} balls`])
  const { said, before } = answered(session(), ...many)
  assert.equal(said.sentence, "229 balls")
  assert.deepEqual([before.length, before[0].sentence, before.at(-1).sentence], [200, "228 balls", "29 balls"])
})

test("an equal answer keeps since when it is so, and takes the newer frame", () => {
  const { said } = answered(session(), [1000, "A ball."], [15_000, "A ball."])
  assert.deepEqual([said.since, said.frame.takenAt], [1000, 14_600])
})

test("the state says what is so, in the words of each", () => {
  const kept = session()
  assert.equal(kept.stateWords(BACK_TO_BACK, 0), "Waiting for the first answer")
  answered(kept, [1000, "A ball."])
  assert.equal(kept.stateWords(BACK_TO_BACK, 1000), "frame 0.4 s old")
  answered(kept, [15_000, "A ball."])
  assert.equal(kept.stateWords(BACK_TO_BACK, 15_000), "Still so, 14 s · frame 0.4 s old")
  assert.equal(kept.stateWords(AS_IT_CHANGES, 17_000), "Unchanged for 16 s")
  kept.sleep = { why: "hidden", since: 18_000 }
  assert.equal(kept.stateWords(AS_IT_CHANGES, 99_000), `Paused while this tab is hidden · as of ${timeOfDay(14_600)}`)
  kept.sleep = null
  kept.trouble = { sentence: "connection lost", retryAt: 22_000 }
  assert.equal(kept.stateWords(AS_IT_CHANGES, 18_000), "Trouble: connection lost. Next look in 4 s.")
  kept.end(361_000)
  assert.equal(kept.stateWords(AS_IT_CHANGES, 999_000), "Kept looking for 6 min, 1 different answer.")
})

test("the rate counts looks of the last seconds, and rests when nothing moves", () => {
  const kept = session()
  assert.equal(kept.rateWords(AS_IT_CHANGES, 0), "Looking")
  answered(kept, [1000, "A"], [1500, "A"], [2000, "A"])
  assert.equal(kept.rateWords(BACK_TO_BACK, 2000), "2.0 looks a second")
  assert.equal(kept.rateWords(AS_IT_CHANGES, 4000), "Looks when it moves")
  assert.equal(kept.activity(AS_IT_CHANGES, 4000), "resting")
  assert.equal(kept.activity(BACK_TO_BACK, 4000), "looking")
})

test("a clock that jumps says nothing below zero and throws nothing", () => {
  const kept = answered(session(), [HOUR_MS, "A ball."], [HOUR_MS + 1, "A ball."])
  for (const now of [0, 10 * HOUR_MS]) {
    assert.doesNotMatch(kept.stateWords(BACK_TO_BACK, now), /-\d|NaN/)
    assert.doesNotMatch(kept.rateWords(BACK_TO_BACK, now), /-\d|NaN/)
  }
})
