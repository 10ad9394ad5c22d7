import assert from "node:assert/strict"
import { test } from "node:test"

import { QUIET, SURE, WHEN } from "../../static/js/live/rule.js"
import {
  alertOf, asked, HOLD_MS, judge, lineOf, moonOf, newState, pastOf, phaseOf, requieted, restarted, troubled, verdictOf, wantsLook,
} from "../../static/js/live/rules.js"

const NOON = new Date(2026, 5, 1, 12, 0, 0).getTime()
const SECOND = 1000
const WAYS = { page: true, sound: true, notification: false }

const ruleWith = (fields = {}) => ({
  id: "door", kind: "question", words: "Is the door open?", when: "yes", limit: 2,
  sure: "2 of 3", quiet: "1 min", ways: WAYS, isOn: true, ...fields,
})

const SIGNS = { y: true, n: false, "?": null }
const look = (sign, at) => ({ isSo: SIGNS[sign], words: sign, at })

// Looks at these signs, one a second; "." is a second without a look. Returns the seconds of the alerts.
function alertsOf(rule, signs, state = newState(rule, {}, NOON)) {
  const told = []
  for (const [second, sign] of [...signs].entries()) {
    const now = NOON + second * SECOND
    if (!(sign in SIGNS)) continue
    const judged = judge(rule, state, look(sign, now), now)
    state = judged.state
    if (judged.isAlert) told.push(second)
  }
  return { told, state }
}

const QUIET_FOR_10_S = { quiet: "10 s" }
for (const [claim, fields, signs, told] of [
  ["one look is not enough where two are asked for", {}, "ynnnynn", []],
  ["two of three looks are enough, in a row or not", {}, "nyy", [2]],
  ["two of three looks with one between", {}, "nnyny", [4]],
  ["one of one tells at once", { sure: "1 of 1" }, "ny", [1]],
  ["three of five", { sure: "3 of 5" }, "nnnyynnny", []],
  ["three of five, two of them otherwise", { sure: "3 of 5" }, "nnnynyny", [7]],
  ["what is so from the start is told once", {}, "yyyyyyyy", [1]],
  ["what goes has to be there first", { kind: "object", when: "goes" }, "yyyyyy", []],
  ["what was there and goes is told", { kind: "object", when: "goes" }, "yynnyy", [5]],
  ["a look that is not sure confirms nothing", {}, "y?", []],
  ["looks that are not sure leave what was known", {}, "yy????y", [1]],
  ["one look that says no does not make it new", QUIET_FOR_10_S, "yy..........nyyyy", [1]],
  ["what was not so and is so again is told again", QUIET_FOR_10_S, "yynn........yy", [1, 13]],
  ["nothing is told in the time of quiet", QUIET_FOR_10_S, "yynnyynnyy", [1]],
  ["what became so while quiet, and still is, is told after it", QUIET_FOR_10_S, "yynnyyyyyyyyyy", [1, 11]],
  ["what became so while quiet, and went, is not told", QUIET_FOR_10_S, "yynnyynnnnnnnnn", [1]],
]) {
  test(`${claim}: ${signs}`, () => assert.deepEqual(alertsOf(ruleWith(fields), signs).told, told))
}

test("an answer of a model that cannot say how likely it is counts, and is told without a number", () => {
  const verdict = verdictOf(ruleWith(), { reason: "stop", choice: "yes", probabilities: null }, NOON)
  assert.deepEqual(verdict, { isSo: true, answer: "yes", probability: null, words: "yes", at: NOON })
  assert.equal(verdictOf(ruleWith(), { reason: "stop", choice: "no", probabilities: null }, NOON).isSo, false)
  for (const choice of [null, "maybe"]) {
    assert.ok(verdictOf(ruleWith(), { reason: "stop", choice, probabilities: null }, NOON).trouble)
  }
  const { text, probability } = alertOf(ruleWith(), verdict, NOON)
  assert.deepEqual([text, probability], ["Yes, sure after 2 of 3 looks.", null])
})

test("looks that are far apart do not confirm each other", () => {
  const rule = ruleWith()
  const { state } = alertsOf(rule, "nny")
  const later = NOON + 2 * SECOND + HOLD_MS + 1
  assert.equal(judge(rule, state, look("y", later), later).isAlert, false)
  assert.equal(judge(rule, state, look("y", later), later, 2 * HOLD_MS).isAlert, true)
})

test("a clock that went back does not keep a rule quiet for longer", () => {
  const rule = ruleWith(QUIET_FOR_10_S)
  const { state } = alertsOf(rule, "yynn")
  const anHourBefore = NOON - 3_600_000
  const seen = judge(rule, state, look("y", anHourBefore), anHourBefore).state
  assert.equal(phaseOf(rule, seen, null, anHourBefore), "quiet")
  const after = anHourBefore + 10 * SECOND
  assert.equal(judge(rule, seen, look("y", after), after).isAlert, true)
})

test("a clock that went back neither ends the quiet nor makes looks fresh", () => {
  const rule = ruleWith()
  const { state } = alertsOf(rule, "yynn")
  const before = NOON - 30 * SECOND
  const { state: seen } = judge(rule, state, look("y", before), before)
  assert.ok(!judge(rule, seen, look("y", before + SECOND), before + SECOND).isAlert)
  assert.ok(seen.looks.every(({ at }) => at <= before))
})

test("a clock that went forward ends the quiet and makes the looks old", () => {
  const rule = ruleWith()
  const { state } = alertsOf(rule, "yynny")
  const later = NOON + 8 * 3_600_000
  const first = judge(rule, state, look("y", later), later)
  assert.ok(!first.isAlert)
  assert.ok(judge(rule, first.state, look("y", later + SECOND), later + SECOND).isAlert)
})

test("trouble is no verdict: what is known stays, and it looks again", () => {
  const rule = ruleWith()
  const { state } = alertsOf(rule, "nny")
  const now = NOON + 3 * SECOND
  const broken = troubled(state, { sentence: "Too many questions are waiting.", retryAt: now + 4 * SECOND }, true)
  assert.equal(lineOf(rule, broken, null, now), "Trouble: Too many questions are waiting. Next look in 4 s.")
  assert.ok(wantsLook(rule, broken, now))
  assert.deepEqual(broken.looks, state.looks)
  assert.ok(judge(rule, broken, look("y", now), now).isAlert)
})

test("what was asked is owed until it is answered", () => {
  const rule = ruleWith({ sure: "1 of 1" })
  const { state } = alertsOf(rule, "n")
  assert.ok(!wantsLook(rule, state, NOON))
  assert.ok(wantsLook(rule, asked(state), NOON))
  assert.ok(!wantsLook(rule, judge(rule, asked(state), look("n", NOON), NOON).state, NOON))
})

for (const [signs, wants] of [
  ["", true], ["y", true], ["n", true], ["yy", false], ["nn", false], ["yyn", true], ["nny", true],
  ["nnyn", true], ["nnynn", false], ["nnynnn", false], ["??", false], ["?y", true],
]) {
  test(`after ${signs || "no look"} it ${wants ? "looks again" : "waits for news"}`, () => {
    const rule = ruleWith()
    assert.equal(wantsLook(rule, alertsOf(rule, signs).state, NOON + signs.length * SECOND), wants)
  })
}

test("what waits for the end of the quiet is looked at then, and not before", () => {
  const rule = ruleWith(QUIET_FOR_10_S)
  const { state } = alertsOf(rule, "yynnyyy")
  assert.ok(!wantsLook(rule, state, NOON + 10 * SECOND))
  assert.ok(wantsLook(rule, state, NOON + 11 * SECOND))
  const { state: gone } = alertsOf(rule, "yynnyyynn")
  assert.ok(!wantsLook(rule, gone, NOON + 11 * SECOND))
})

test("what was told before a reload is not told after it, while it is still so", () => {
  const rule = ruleWith(QUIET_FOR_10_S)
  const { state } = alertsOf(rule, "yy")
  const later = NOON + 3_600_000
  const back = newState(rule, pastOf(state), later)
  assert.ok(!judge(rule, judge(rule, back, look("y", later), later).state, look("y", later), later).isAlert)
})

test("a reload does not end the quiet, and a clock in between does not make it longer", () => {
  const rule = ruleWith()
  const { toldAt, ...past } = pastOf(alertsOf(rule, "yy").state)
  assert.equal(phaseOf(rule, newState(rule, { ...past, toldAt }, toldAt + 59 * SECOND), null, toldAt + 59 * SECOND), "quiet")
  const fromTheFuture = newState(rule, { ...past, toldAt: NOON + 9e9 }, NOON)
  assert.equal(phaseOf(rule, fromTheFuture, null, NOON + 60 * SECOND), "awake")
})

test("switched off and on it tells what is so by then, after its quiet", () => {
  const rule = ruleWith(QUIET_FOR_10_S)
  const { state } = alertsOf(rule, "yy")
  assert.deepEqual(alertsOf(rule, "..yyyyyyyyyyyy", restarted(state)).told, [11])
})

test("another time of quiet counts from when it was told", () => {
  const { state } = alertsOf(ruleWith(), "yy")
  const changed = ruleWith(QUIET_FOR_10_S)
  assert.equal(phaseOf(changed, requieted(changed, state, NOON + 12 * SECOND), null, NOON + 12 * SECOND), "awake")
})

test("a rule says in words what it does", () => {
  const rule = ruleWith()
  const saying = (signs, seconds, sleep = null, fields = {}) => {
    const { state } = alertsOf(rule, signs)
    return lineOf({ ...rule, ...fields }, state, sleep, NOON + seconds * SECOND)
  }
  assert.equal(saying("", 0), "Awake")
  assert.equal(saying("nn", 1.6), "Awake · n · 0.6 s ago")
  assert.equal(saying("nny", 2), "1 of 2 looks say so")
  assert.equal(saying("nyy", 21), "Told at 12:00. Quiet for 41 s.")
  assert.equal(saying("nyy", 21, { why: "hidden", since: NOON }), "Asleep since 12:00: this tab was hidden")
  assert.equal(saying("nyy", 21, { why: "camera", since: NOON }), "Asleep since 12:00: the camera is lost")
  assert.equal(saying("nyy", 21, { why: "connection", since: NOON }), "Asleep since 12:00: not connected")
  assert.equal(saying("nyy", 21, { why: "hidden", since: NOON }, { isOn: false }), "Off")
})

test("the moon beside the words is as full as the rule is sure", () => {
  const rule = ruleWith({ sure: "3 of 5" })
  const moon = (signs, sleep = null) => moonOf(rule, alertsOf(rule, signs).state, sleep, NOON + 10 * SECOND)
  assert.equal(moon("nnn"), 1)
  assert.equal(moon("nnny"), 1 / 3)
  assert.equal(moon("nnnyy"), 2 / 3)
  assert.equal(moon("nnnyyy"), null)
  assert.equal(moon("nnn", { why: "hidden", since: NOON }), null)
})

for (const [claim, fields, response, expected] of [
  ["the likelier answer counts", {}, { choice: "no", probabilities: [0.03, 0.97] }, { isSo: false, words: "no, 0.97" }],
  ["yes", {}, { choice: "yes", probabilities: [0.94, 0.06] }, { isSo: true, words: "yes, 0.94" }],
  ["no is what a rule can be about", { when: "no" }, { choice: "no", probabilities: [0.1, 0.9] }, { isSo: true, words: "no, 0.90" }],
  ["near a half nothing is said", {}, { choice: "yes", probabilities: [0.58, 0.42] }, { isSo: null, words: "not sure, yes, 0.58" }],
  ["an object appears", { kind: "object", when: "appears" }, { places: [{}, {}] }, { isSo: true, words: "2 found" }],
  ["an object does not", { kind: "object", when: "appears" }, { places: [] }, { isSo: false, words: "none found" }],
  ["an object goes", { kind: "object", when: "goes" }, { places: [] }, { isSo: true, words: "none found" }],
  ["two are not more than two", { kind: "object", when: "more" }, { places: [{}, {}] }, { isSo: false, words: "2 found" }],
  ["three are more than two", { kind: "object", when: "more" }, { places: [{}, {}, {}] }, { isSo: true, words: "3 found" }],
]) {
  test(`verdict: ${claim}`, () => {
    const { isSo, words } = verdictOf(ruleWith(fields), { reason: "stop", error: null, ...response }, NOON)
    assert.deepEqual({ isSo, words }, expected)
  })
}

test("an answer that is none is trouble, and one that was broken off is nothing", () => {
  const rule = ruleWith()
  assert.equal(verdictOf(rule, { error: null, reason: "replaced" }, NOON), null)
  for (const said of [{}, { choice: "maybe", probabilities: [1, 0] }, { choice: "yes", probabilities: [NaN, 0] }]) {
    assert.equal(verdictOf(rule, { error: null, reason: "stop", ...said }, NOON).trouble, "The answer was neither yes nor no.")
  }
})

test("an alert carries what was asked, what came of it, and how sure it is", () => {
  const verdict = { isSo: true, count: 1, words: "1 found", at: NOON }
  const rule = ruleWith({ kind: "object", words: "parcel", when: "appears" })
  assert.deepEqual(alertOf(rule, verdict, NOON), {
    ruleId: "door", name: "Parcel appears", kind: "object", object: "parcel", count: 1,
    text: "1 found, sure after 2 of 3 looks.", brief: "2 of 3 looks", toldAt: NOON, ways: WAYS,
  })
})

test("an alert has a name that a webhook takes", () => {
  const rule = ruleWith({ words: `Is it ${"𝒶".repeat(1900)}?` })
  const { name, question } = alertOf(rule, { isSo: true, answer: "yes", probability: 1, words: "yes, 1.00" }, NOON)
  assert.equal([...name].length, 200)
  assert.equal(question, rule.words)
})

// A generator with a seed, so that what fails once fails again: mulberry32.
function randomFrom(seed) {
  return () => {
    seed = (seed + 0x6D2B79F5) | 0
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

test("in any order of looks, silences and reloads: confirmed, once, and never in the quiet", () => {
  for (let seed = 0; seed < 600; seed++) {
    const random = randomFrom(seed)
    const oneOf = (values) => values[Math.floor(random() * values.length)]
    const kind = oneOf(Object.keys(WHEN))
    const rule = ruleWith({ kind, when: oneOf(WHEN[kind]), sure: oneOf(Object.keys(SURE)), quiet: oneOf(Object.keys(QUIET)) })
    const { needed, of } = SURE[rule.sure]
    let [state, now, toldAt, seen, wasNotSo] = [newState(rule, {}, NOON), NOON, -Infinity, [], rule.when !== "goes"]
    for (let step = 0; step < 300; step++) {
      now += random() < 0.9 ? random() * 2 * SECOND : random() * 100 * SECOND
      const event = random()
      if (event < 0.05) [state, seen] = [newState(rule, pastOf(state), now), []]
      else if (event < 0.1) state = troubled(state, { sentence: "Busy." }, true)
      else {
        const isSo = oneOf([true, true, false, null])
        seen = [...seen, { isSo, at: now }].slice(-of)
        const judged = judge(rule, state, { isSo, words: "", at: now }, now)
        state = judged.state
        const fresh = seen.filter(({ at }) => now - at <= HOLD_MS)
        const nSo = fresh.filter((each) => each.isSo).length
        if (fresh.filter((each) => each.isSo === false).length >= needed) wasNotSo = true
        if (judged.isAlert) {
          assert.ok(isSo, `seed ${seed}`)
          assert.ok(nSo >= needed, `seed ${seed}`)
          assert.ok(now - toldAt >= QUIET[rule.quiet].ms, `seed ${seed}`)
          assert.ok(wasNotSo, `seed ${seed}`)
          ;[toldAt, wasNotSo] = [now, false]
        }
      }
    }
  }
})

test("whatever is seen again and again is settled: no rule looks for ever at what stands still", () => {
  for (const sure of Object.keys(SURE)) {
    for (const sign of "yn?") {
      const rule = ruleWith({ sure, quiet: "10 s" })
      for (const before of ["", "y", "ny", "yyn", "nyny?yn"]) {
        const { state } = alertsOf(rule, before + sign.repeat(20))
        assert.ok(!wantsLook(rule, state, NOON + (before.length + 20) * SECOND), `${sure}: ${before}, then ${sign}`)
      }
    }
  }
})
