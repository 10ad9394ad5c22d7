import assert from "node:assert/strict"
import { test } from "node:test"

import { NetworkCamera } from "../../static/js/looking/network_camera.js"

class FakeCanvas extends EventTarget {
  width = 0
  height = 0
  getContext = () => ({ drawImage: () => {} })
}

const FRAME = { name: "Front door", blob: "jpeg", ageMs: 0 }

// Returns { camera, told, decode, fail }; told: what it tells, as [event, detail or state], in order.
function begin() {
  const camera = new NetworkCamera(new FakeCanvas())
  const told = []
  for (const name of ["choose", "seen"]) camera.addEventListener(name, ({ detail }) => told.push([name, detail]))
  camera.addEventListener("change", () => told.push(["change", camera.state]))
  const decoding = {}
  const decoded = new Promise((resolve, reject) => Object.assign(decoding, { resolve, reject }))
  globalThis.createImageBitmap = () => decoded
  const decode = (width = 4, height = 3) => decoding.resolve({ width, height, close: () => {} })
  return { camera, told, decode, fail: () => decoding.reject(new DOMException("Unreadable.")) }
}

test("camera is live from its first frame on, in the size of that", async () => {
  const { camera, told, decode } = begin()
  camera.open("Front door")
  camera.take({ name: "Front door", state: "live" })
  assert.equal(camera.state, "opening")
  decode()
  await camera.show(FRAME)
  assert.deepEqual([camera.state, camera.width, camera.height], ["live", 4, 3])
  assert.deepEqual(told, [["change", "opening"], ["choose", "Front door"], ["change", "live"], ["seen", null]])
})

test("frame that is read after its camera was lost shows nothing", async () => {
  const { camera, told, decode } = begin()
  camera.open("Front door")
  const shown = camera.show(FRAME)
  camera.take({ name: "Front door", state: "lost", trouble: "unanswered", retryInS: null })
  decode()
  await shown
  assert.equal(camera.state, "lost")
  assert.deepEqual(told.at(-1), ["seen", null])
})

test("frame that cannot be read is followed by the next", async () => {
  const { camera, told, fail } = begin()
  camera.open("Front door")
  fail()
  await camera.show(FRAME)
  assert.deepEqual([camera.state, told.at(-1)], ["opening", ["seen", null]])
})

test("why a camera is lost is a state of its own, and another camera's is nothing", () => {
  const { camera } = begin()
  camera.open("Front door")
  camera.take({ name: "Garage", state: "lost", trouble: "refused", retryInS: null })
  assert.equal(camera.state, "opening")
  camera.take({ name: "Front door", state: "lost", trouble: "refused", retryInS: null })
  assert.equal(camera.state, "locked")
})

test("camera is asked for again when the connection is back, unless it was closed", () => {
  const { camera, told } = begin()
  camera.open("Front door")
  camera.interrupt()
  camera.resume()
  camera.close()
  camera.resume()
  const chosen = told.filter(([name]) => name === "choose").map(([, name]) => name)
  assert.deepEqual(chosen, ["Front door", "Front door", null])
})
