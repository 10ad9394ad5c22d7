import assert from "node:assert/strict"
import { test } from "node:test"

import { Gate, GLANCE } from "../../static/js/live/gate.js"

const { width, height } = GLANCE
const TEN_A_SECOND_MS = 100
const N_STILL = 600
// A cell is the mean of 100 pixels of a frame of 640 × 360, which divides the noise of one by 10. That of
// cameras has neighbours: here it is divided by 5.
const NOISE = 4 / 5
const NOISE_IN_THE_DARK = 8 / 5

// As mulberry32: the same numbers for the same seed.
function randomFrom(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const drawNormal = (random) => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
const someRandom = randomFrom(12)
const NORMALS = Float32Array.from({ length: 1 << 16 }, () => drawNormal(someRandom))
const normal = (random) => NORMALS[Math.floor(random() * NORMALS.length)]

// A wall, a table, a shelf, a lamp that is too bright for the camera, and what lies before them:
// [left, top, width, height, colour] in cells, which may be parts of one.
function room(...things) {
  return drawn([
    [0, 0, 64, 36, [176, 182, 170]],
    [0, 22, 64, 14, [120, 84, 58]],
    [4, 5, 18, 2, [110, 82, 60]],
    [6, 1, 2, 4, [60, 90, 150]],
    [9, 1, 3, 4, [150, 60, 50]],
    [50, 2, 6, 5, [255, 252, 236]],
    ...things,
  ])
}

function drawn(things) {
  const levels = new Float32Array(width * height * 4).fill(255)
  for (const [left, top, across, down, colour] of things) {
    for (let y = Math.max(0, Math.floor(top)); y < Math.min(height, top + down); y += 1) {
      for (let x = Math.max(0, Math.floor(left)); x < Math.min(width, left + across); x += 1) {
        const share = overlap(x, left, across) * overlap(y, top, down)
        colour.forEach((level, at) => {
          levels[(y * width + x) * 4 + at] += share * (level - levels[(y * width + x) * 4 + at])
        })
      }
    }
  }
  return levels
}

function overlap(cell, from, length) {
  return Math.min(cell + 1, from + length) - Math.max(cell, from)
}

// What a camera makes of a scene: light (a factor for each colour), noise, whole levels.
function seen(scene, random, { light = 1, tint = [1, 1, 1], noise = NOISE } = {}) {
  const glance = new Uint8ClampedArray(scene)
  for (let at = 0; at < glance.length; at += 1) {
    if (at % 4 !== 3) glance[at] = scene[at] * light * tint[at % 4] + noise * normal(random)
  }
  return glance
}

const flicker = (random) => 1 + 0.05 * (2 * random() - 1)

// A gate that has seen a scene for a second and answered about its first glance.
function gateBefore(scene, random, shown = () => ({ light: flicker(random) })) {
  const gate = new Gate()
  gate.keep(seen(scene, random, shown()), 0)
  for (let glance = 1; glance <= 10; glance += 1) {
    assert.equal(gate.hasNews(seen(scene, random, shown()), glance * TEN_A_SECOND_MS), false)
  }
  return gate
}

// Blocks of 8 × 8 pixels of a codec shift by a level or two, each frame anew: here 2 × 2 cells.
function blocked(glance, random) {
  const shifts = Array.from({ length: (width / 2) * (height / 2) * 4 }, () => 2 * normal(random))
  return glance.map((level, at) => {
    const cell = Math.floor(at / 4)
    const block = Math.floor(Math.floor(cell / width) / 2) * (width / 2) + Math.floor((cell % width) / 2)
    return at % 4 === 3 ? 255 : level + shifts[block * 4 + (at % 4)]
  })
}

const dimmed = (scene, light) => scene.map((level, at) => at % 4 === 3 ? 255 : level * light)

const ROOM = room()
const DARK_ROOM = dimmed(ROOM, 0.3)

const STILL = {
  "noise of σ 4 and light that flickers": (random) => seen(ROOM, random, { light: flicker(random) }),
  "noise of σ 8 in the dark": (random) => {
    return seen(DARK_ROOM, random, { light: flicker(random), noise: NOISE_IN_THE_DARK })
  },
  "exposure that drifts": (random, part) => {
    return seen(ROOM, random, { light: flicker(random) * (1 + 0.1 * Math.sin(2 * Math.PI * part)) })
  },
  "white balance that drifts": (random, part) => {
    const more = 0.05 * Math.sin(2 * Math.PI * part)
    return seen(ROOM, random, { light: flicker(random), tint: [1 + more, 1, 1 - more] })
  },
  "a codec that shifts its blocks": (random) => {
    return blocked(seen(ROOM, random, { light: flicker(random) }), random)
  },
  "a picture without any noise": (random) => seen(ROOM, random, { noise: 0 }),
}

for (const [what, glanceAt] of Object.entries(STILL)) {
  test(`a minute of a still scene is no news: ${what}`, () => {
    const random = randomFrom(1)
    const gate = new Gate()
    gate.keep(glanceAt(random, 0), 0)
    const news = Array.from({ length: N_STILL - 1 }, (_, at) => at + 1).filter((at) => {
      return gate.hasNews(glanceAt(random, at / N_STILL), at * TEN_A_SECOND_MS)
    })
    assert.deepEqual(news, [])
  })
}

// Sides in cells of what covers one and two hundredths of the picture.
const SIDES = { "1%": [4.8, 4.8], "2%": [6.8, 6.8] }
const RED = [190, 60, 50]
// As bright as RED, by the weights of Rec. 601.
const GREEN_AS_BRIGHT = [40, 130, 55]
const COLOURS = { "that stands out": RED, "a little darker than the wall": [160, 166, 154] }

for (const [share, [across, down]] of Object.entries(SIDES)) {
  for (const [look, colour] of Object.entries(COLOURS)) {
    const thing = (left, top = 10.3) => [left, top, across, down, colour]
    const events = {
      "comes": [ROOM, room(thing(30.6))],
      "goes": [room(thing(30.6)), ROOM],
      "moves by its own size": [room(thing(30.6)), room(thing(30.6 + across))],
      "reaches in at the border": [ROOM, room(thing(-1))],
      "stands in a corner": [ROOM, room(thing(64 - across, 36 - down))],
    }
    for (const [what, [before, after]] of Object.entries(events)) {
      test(`a thing of ${share} ${look} is seen at once when it ${what}`, () => {
        const random = randomFrom(2)
        const gate = gateBefore(before, random)
        assert.ok(gate.hasNews(seen(after, random, { light: flicker(random) }), 1100))
      })
    }
  }

  test(`a thing of ${share} that changes its colour is seen, however bright it stays`, () => {
    const random = randomFrom(3)
    const gate = gateBefore(room([30.6, 10.3, across, down, RED]), random)
    const after = room([30.6, 10.3, across, down, GREEN_AS_BRIGHT])
    assert.ok(gate.hasNews(seen(after, random, { light: flicker(random) }), 1100))
  })

  test(`a thing of ${share} is seen in the dark and its noise`, () => {
    const random = randomFrom(4)
    const shown = () => ({ light: flicker(random), noise: NOISE_IN_THE_DARK })
    const gate = gateBefore(DARK_ROOM, random, shown)
    const after = dimmed(room([30.6, 10.3, across, down, RED]), 0.3)
    assert.ok(gate.hasNews(seen(after, random, shown()), 1100))
  })
}

const LARGE = {
  "another view": drawn([[0, 0, 64, 36, [90, 120, 200]], [10, 4, 40, 26, [230, 220, 60]]]),
  "a hand before the lens": drawn([[0, 0, 64, 36, [40, 22, 18]]]),
  "a lamp that goes out": dimmed(ROOM, 0.5),
  "a card that fills two thirds": room([6, 0, 45, 36, [240, 240, 235]]),
}

for (const [what, after] of Object.entries(LARGE)) {
  test(`large changes are seen: ${what}`, () => {
    const random = randomFrom(5)
    const gate = gateBefore(ROOM, random)
    assert.ok(gate.hasNews(seen(after, random), 1100))
  })
}

test("what came is news until it is kept, and then no more", () => {
  const random = randomFrom(6)
  const after = room([30.6, 10.3, 6.8, 6.8, RED])
  const gate = gateBefore(ROOM, random)
  assert.ok(gate.hasNews(seen(after, random), 1100))
  assert.ok(gate.hasNews(seen(after, random), 1200))
  gate.keep(seen(after, random), 1300)
  assert.ok(!gate.hasNews(seen(after, random), 1400))
})

test("a shadow that creeps is seen in the end, though no two glances tell it apart", () => {
  const random = randomFrom(7)
  const gate = new Gate()
  const shadowAt = (at) => room([34, 8, 14, 10, [176, 182, 170].map((level) => level * (1 - at / 2000))])
  gate.keep(seen(shadowAt(0), random), 0)
  const firstAt = Array.from({ length: 500 }, (_, at) => at + 1).find((at) => {
    return gate.hasNews(seen(shadowAt(at), random), at * TEN_A_SECOND_MS)
  })
  assert.ok(firstAt > 20 && firstAt < 200, `seen after ${firstAt} glances`)
})

test("a whole picture that moved is seen, and a small thing soon after it stands still", () => {
  const random = randomFrom(8)
  const gate = gateBefore(ROOM, random)
  for (let at = 0; at < 20; at += 1) gate.hasNews(seen(at % 2 ? LARGE["another view"] : ROOM, random), 1100)
  gate.keep(seen(ROOM, random), 3000)
  const after = room([30.6, 10.3, 6.8, 6.8, RED])
  assert.ok(gate.hasNews(seen(after, random), 3100))
})

test("nothing kept, and nothing after forgetting, is news", () => {
  const gate = new Gate()
  const glance = seen(ROOM, randomFrom(9))
  assert.ok(gate.hasNews(glance, 0))
  gate.keep(glance, 0)
  assert.ok(!gate.hasNews(glance, 100))
  gate.forget()
  assert.ok(gate.hasNews(glance, 200))
})

test("a glance that is drawn over afterwards is still remembered as it was", () => {
  const gate = new Gate()
  const glance = seen(ROOM, randomFrom(10))
  gate.keep(glance, 0)
  glance.set(seen(LARGE["another view"], randomFrom(10)))
  assert.ok(gate.hasNews(glance, 100))
})

// How long a gate that is asked about the same glance twice a second has no news, by a clock of its own.
function sleptFor(nowAfter) {
  const glance = seen(ROOM, randomFrom(11))
  const gate = new Gate()
  gate.keep(glance, nowAfter(0))
  let sleptMs = ASKED_EVERY_MS
  while (!gate.hasNews(glance, nowAfter(sleptMs)) && sleptMs < 100_000) sleptMs += ASKED_EVERY_MS
  return sleptMs
}

const ASKED_EVERY_MS = 500
const HOUR_MS = 3_600_000
const CLOCKS = {
  "goes right": [(ms) => ms, 60_000, 60_000],
  "is set back by hours": [(ms) => ms < 30_000 ? ms : ms - 5 * HOUR_MS, 59_500, 60_500],
  "is set back again and again": [(ms) => ms - Math.floor(ms / 1000) * 5000, 60_000, 61_000],
  "jumps ahead by hours": [(ms) => ms < 30_000 ? ms : ms + 5 * HOUR_MS, 30_000, 30_000],
  "begins before 1970": [(ms) => ms - 10 * HOUR_MS, 60_000, 60_000],
}

for (const [what, [nowAfter, least, most]] of Object.entries(CLOCKS)) {
  test(`a look is due after a minute when the clock ${what}`, () => {
    const slept = sleptFor(nowAfter)
    assert.ok(slept >= least && slept <= most, `slept for ${slept} ms`)
  })
}
