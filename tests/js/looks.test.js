import assert from "node:assert/strict"
import { test } from "node:test"

import { Looks } from "../../static/js/live/looks.js"

const GLANCE = new Uint8ClampedArray(4)
const RIGHT = { text: "A ball.", error: null }

// An asker that writes down what it is told. The loop's own clock is not needed: it is checked by hand.
function asker(...questions) {
  const told = []
  return {
    told,
    wants: () => questions.map((question) => ({ skill: "ask", question })),
    answered: ({ asked, response, frame }) => told.push([asked.question, response.text, frame.number]),
    slept: ({ why }) => told.push(["slept", why]),
    woke: () => told.push(["woke"]),
    troubled: ({ sentence }) => told.push(["troubled", sentence]),
  }
}

function loop(t, { sleepReason = () => null } = {}) {
  let nFrames = 0
  const taken = []
  const takeFrame = async () => {
    taken.push(nFrames + 1)
    return { number: ++nFrames }
  }
  const looks = new Looks({ glance: () => GLANCE, takeFrame, sleepReason })
  const sent = [], cancelled = []
  looks.addEventListener("send", ({ detail }) => sent.push(detail))
  looks.addEventListener("cancel", ({ detail }) => cancelled.push(detail))
  t.mock.timers.enable({ apis: ["setInterval", "Date"] })
  return { looks, sent, cancelled, taken }
}

// Lets all that is promised by now come true.
const settle = () => new Promise((done) => setImmediate(done))

async function answer(looks, request, response = RIGHT) {
  looks.finish({ id: request.id, ...response })
  await settle()
}

test("never more than one frame is on its way, and the next is taken when the last answer ends", async (t) => {
  const { looks, sent, taken } = loop(t)
  looks.add(asker("What?"))
  await settle()
  t.mock.timers.tick(5000)
  await settle()
  assert.deepEqual([sent.length, taken], [1, [1]])
  await answer(looks, sent[0])
  assert.deepEqual([sent.length, taken], [2, [1, 2]])
  assert.ok(sent.every(({ isLive }) => isLive))
})

test("all askers are answered about the same frame, one after the other", async (t) => {
  const { looks, sent } = loop(t)
  const [live, watch] = [asker("What?"), asker("Open?", "Lit?")]
  looks.add(live)
  await settle()
  looks.add(watch)
  await answer(looks, sent[0])
  for (const nth of [1, 2, 3]) await answer(looks, sent[nth])
  assert.deepEqual(watch.told, [["Open?", "A ball.", 2], ["Lit?", "A ball.", 2]])
  assert.deepEqual(live.told, [["What?", "A ball.", 1], ["What?", "A ball.", 2]])
})

test("the second question about a frame names it as the server does, and sends it again when it is forgotten", async (t) => {
  const { looks, sent } = loop(t)
  const watch = asker("Open?", "Lit?")
  looks.add(watch)
  await settle()
  looks.started({ id: sent[0].id, frameId: "f1" })
  await answer(looks, sent[0])
  assert.equal(sent[1].frame.frameId, "f1")
  await answer(looks, sent[1], { isFrameForgotten: true, error: "Send it again." })
  assert.deepEqual([sent[2].question, sent[2].frame.frameId], ["Lit?", null])
  await answer(looks, sent[2])
  assert.deepEqual(watch.told.map(([question]) => question), ["Open?", "Lit?"])
})

test("an asker that leaves is not waited for: its question is cancelled and tells it nothing", async (t) => {
  const { looks, sent, cancelled } = loop(t)
  const live = asker("What?")
  looks.add(live)
  await settle()
  looks.remove(live)
  await settle()
  assert.deepEqual(cancelled, [sent[0].id])
  assert.equal(looks.finish({ id: sent[0].id, ...RIGHT }), false)
  t.mock.timers.tick(60_000)
  await settle()
  assert.deepEqual([live.told, sent.length], [[], 1])
})

test("an asker that left while its frame was made sends nothing", async (t) => {
  const { looks, sent } = loop(t)
  const live = asker("What?")
  looks.add(live)
  looks.remove(live)
  await settle()
  assert.deepEqual(sent, [])
})

test("a thousand switches leave one question on its way", async (t) => {
  const { looks, sent, cancelled } = loop(t)
  const live = asker("What?")
  for (let count = 0; count < 1000; count += 1) {
    looks.add(live)
    looks.remove(live)
  }
  looks.add(live)
  await settle()
  assert.equal(sent.length - cancelled.length, 1)
})

test("trouble is told with the time of the next try, which comes later each time, and by hand at once", async (t) => {
  const { looks, sent } = loop(t)
  const live = asker("What?")
  looks.add(live)
  await settle()
  await answer(looks, sent[0], { error: "Too many questions are waiting." })
  t.mock.timers.tick(900)
  await settle()
  assert.equal(sent.length, 1)
  t.mock.timers.tick(200)
  await settle()
  assert.equal(sent.length, 2)
  await answer(looks, sent[1], { error: "Too many questions are waiting." })
  t.mock.timers.tick(1500)
  await settle()
  assert.equal(sent.length, 2)
  looks.lookNow()
  await settle()
  assert.equal(sent.length, 3)
  assert.deepEqual(live.told, Array(2).fill(["troubled", "Too many questions are waiting."]))
})

test("whoever says when to be asked again is not asked sooner, however long that is", async (t) => {
  const { looks, sent } = loop(t)
  looks.add(asker("What?"))
  await settle()
  await answer(looks, sent[0], { error: "Too many questions.", retryAfterS: 45 })
  t.mock.timers.tick(44_900)
  await settle()
  assert.equal(sent.length, 1)
  t.mock.timers.tick(200)
  await settle()
  assert.equal(sent.length, 2)
})

test("a clock that was put back an hour does not hold the next try up", async (t) => {
  const { looks, sent } = loop(t)
  looks.add(asker("What?"))
  await settle()
  t.mock.timers.setTime(7_200_000)
  await answer(looks, sent[0], { error: "Busy." })
  t.mock.timers.setTime(3_600_000)
  looks.check()
  await settle()
  assert.equal(sent.length, 2)
})

test("nothing is looked at while there is a reason to sleep, which is told once", async (t) => {
  let why = "hidden"
  const { looks, sent } = loop(t, { sleepReason: () => why })
  const live = asker("What?")
  looks.add(live)
  t.mock.timers.tick(3_600_000)
  await settle()
  assert.deepEqual([sent.length, live.told], [0, [["slept", "hidden"]]])
  why = null
  t.mock.timers.tick(100)
  await settle()
  assert.deepEqual([sent.length, live.told.at(-1)], [1, ["woke"]])
})

test("a lost connection ends the round, and the next frame is a new one", async (t) => {
  const { looks, sent, taken } = loop(t)
  const live = asker("What?")
  looks.add(live)
  await settle()
  looks.giveUp()
  await settle()
  assert.deepEqual([sent.length, taken, live.told], [2, [1, 2], []])
})
