import assert from "node:assert/strict"
import { test } from "node:test"

import { frameSize } from "../../static/js/looking/frame.js"

const MANY_PIXELS = 1e9
const SIZES = [
  [[1280, 720], "fast", MANY_PIXELS, [640, 360]],
  [[640, 480], "fast", MANY_PIXELS, [480, 360]],
  [[480, 640], "fast", MANY_PIXELS, [360, 480]],
  [[320, 240], "fast", MANY_PIXELS, [320, 240]],
  [[1920, 1080], "detail", MANY_PIXELS, [1280, 720]],
  [[640, 480], "detail", MANY_PIXELS, [640, 480]],
  [[4000, 4000], "detail", 250_000, [500, 500]],
]

for (const [[width, height], detail, maxPixels, [frameWidth, frameHeight]] of SIZES) {
  test(`frame of ${width}x${height} in ${detail} is scaled down and never up`, () => {
    assert.deepEqual(frameSize({ width, height }, detail, maxPixels), { width: frameWidth, height: frameHeight })
  })
}
