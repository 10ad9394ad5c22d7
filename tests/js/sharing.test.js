import assert from "node:assert/strict"
import { test } from "node:test"

import { Refusal } from "../../static/js/plain/refusal.js"
import { Sharing } from "../../static/js/sharing/sharing.js"

class FakeElement extends EventTarget {
  attributes = {}
  hidden = true

  setAttribute = (name, value) => { this.attributes[name] = value }
  click = () => this.dispatchEvent(new Event("click"))
  querySelector = () => this
}

const FRAME = { blob: "jpeg" }

// Returns { sharing, toggle, note, sign, source, told }; told: what Sharing tells, as [event, detail], in order.
function begin(changed) {
  const source = { canSee: true, isThere: true, isFed: async () => true, takeFrame: async () => FRAME, ...changed }
  const [toggle, note, sign] = [new FakeElement(), new FakeElement(), new FakeElement()]
  const sharing = new Sharing({ toggle, note, signs: [sign], source })
  const told = []
  for (const name of ["switched", "looked", "shown", "said"]) {
    sharing.addEventListener(name, ({ detail }) => told.push([name, detail]))
  }
  return { sharing, toggle, note, sign, source, told }
}

// The same, turned on.
function beginOn(changed) {
  const begun = begin(changed)
  begun.toggle.click()
  begun.told.length = 0
  return begun
}

const shown = (told) => told.filter(([name]) => name === "shown").map(([, detail]) => detail)

test("nothing is shown before a person turns it on", async () => {
  const { sharing, told } = begin()
  await sharing.look({ id: "a" })
  assert.deepEqual(told, [["shown", { id: "a", frame: undefined, reason: "off" }]])
})

test("a look that is granted is told before the frame leaves", async () => {
  const { sharing, told } = beginOn()
  await sharing.look({ id: "a", question: "Why?" })
  assert.deepEqual(told.map(([name]) => name), ["looked", "said", "shown"])
  assert.deepEqual(shown(told), [{ id: "a", frame: FRAME, reason: undefined }])
  assert.equal(told[1][1], "A program asks: Why?")
})

test("it cannot be turned on while there is nothing to see, and says so", () => {
  const { sharing, toggle, note, told } = begin({ canSee: false })
  toggle.click()
  assert.equal(sharing.isOn, false)
  assert.equal(toggle.attributes["aria-disabled"], "true")
  assert.match(note.textContent, /turn on a camera/)
  assert.deepEqual(told, [["said", note.textContent]])
})

test("a camera that has trouble stays shared and shows nothing", async () => {
  const { sharing, source, told } = beginOn()
  Object.assign(source, { canSee: false, takeFrame: async () => null })
  sharing.follow()
  await sharing.look({ id: "a" })
  assert.equal(sharing.isOn, true)
  assert.deepEqual(shown(told), [{ id: "a", frame: undefined, reason: "blind" }])
})

test("a camera that is gone is shared no more", () => {
  const { sharing, sign, source } = beginOn()
  assert.equal(sign.hidden, false)
  source.isThere = false
  sharing.follow()
  assert.equal(sharing.isOn, false)
  assert.equal(sign.hidden, true)
})

test("a frame that was taken while it was turned off does not leave", async () => {
  const { sharing, sign, source, told } = beginOn()
  source.takeFrame = async () => {
    sign.click()
    return FRAME
  }
  await sharing.look({ id: "a" })
  assert.deepEqual(shown(told), [{ id: "a", frame: undefined, reason: "off" }])
  assert.equal(told.some(([name]) => name === "looked"), false)
})

test("a hidden tab without new pictures shows no old one", async () => {
  const { sharing, told } = beginOn({ isFed: async () => false })
  await sharing.look({ id: "a" })
  assert.deepEqual(shown(told), [{ id: "a", frame: undefined, reason: "hidden" }])
})

test("a frame that cannot be sent is nothing to see", async () => {
  const takeFrame = async () => { throw new Refusal("Too large.") }
  const { sharing, told } = beginOn({ takeFrame })
  await sharing.look({ id: "a" })
  assert.deepEqual(shown(told), [{ id: "a", reason: "blind" }])
})

test("many looks are said now and then, and each is told", async () => {
  const { sharing, told } = beginOn()
  for (const id of ["a", "b", "c"]) await sharing.look({ id })
  assert.equal(told.filter(([name]) => name === "looked").length, 3)
  assert.equal(told.filter(([name]) => name === "said").length, 1)
})
