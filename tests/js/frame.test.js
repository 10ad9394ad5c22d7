import assert from "node:assert/strict"
import { test } from "node:test"

import { DETAIL, FAST, frameSize } from "../../static/js/looking/frame.js"

const MANY_PIXELS = 1e9
const SIZES = [
  [[1280, 720], FAST, MANY_PIXELS, [640, 360]],
  [[640, 480], FAST, MANY_PIXELS, [480, 360]],
  [[480, 640], FAST, MANY_PIXELS, [360, 480]],
  [[320, 240], FAST, MANY_PIXELS, [320, 240]],
  [[1920, 1080], DETAIL, MANY_PIXELS, [1280, 720]],
  [[640, 480], DETAIL, MANY_PIXELS, [640, 480]],
  [[4000, 4000], DETAIL, 250_000, [500, 500]],
  [[1920, 1080], { longerSidePx: 768 }, MANY_PIXELS, [768, 432]],
  [[640, 480], { longerSidePx: 2048 }, MANY_PIXELS, [640, 480]],
]

for (const [[width, height], detail, maxPixels, [frameWidth, frameHeight]] of SIZES) {
  test(`frame of ${width}x${height} in ${detail.name ?? detail.longerSidePx} is scaled down and never up`, () => {
    assert.deepEqual(frameSize({ width, height }, detail, maxPixels), { width: frameWidth, height: frameHeight })
  })
}
