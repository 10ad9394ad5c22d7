// Pictures drawn on canvases of another size, in a page and in a worker.

const VIDEOS = [globalThis.HTMLVideoElement, globalThis.VideoFrame].filter(Boolean)

// Halves as often as possible first: every pixel counts, where one large step would skip some.
export function shrink({ drawable, width, height }, size) {
  while (width >= 2 * size.width && height >= 2 * size.height) {
    width = Math.max(size.width, Math.round(width / 2))
    height = Math.max(size.height, Math.round(height / 2))
    drawable = draw(drawable, width, height)
  }
  return drawable.width === size.width && "getContext" in drawable
    ? drawable
    : draw(drawable, size.width, size.height)
}

// On a canvas of that size.
export function draw(drawable, width, height) {
  return paint(drawable, { width, height }, 0, 0, width, height)
}

// A part of a picture, as it is. area: { xMin, yMin, xMax, yMax } in fractions.
export function cut({ drawable, width, height }, { xMin, yMin, xMax, yMax }) {
  const [left, right] = [xMin, xMax].map((x) => Math.round(x * width))
  const [top, bottom] = [yMin, yMax].map((y) => Math.round(y * height))
  const part = { width: Math.max(1, right - left), height: Math.max(1, bottom - top) }
  return { drawable: paint(drawable, part, -left, -top, width, height), ...part }
}

// An empty one; a worker has no elements.
export function canvasOf({ width, height }) {
  if (!globalThis.document) return new OffscreenCanvas(width, height)
  return Object.assign(document.createElement("canvas"), { width, height })
}

function paint(drawable, size, ...at) {
  const canvas = canvasOf(size)
  const context = canvas.getContext("2d", { alpha: false })
  context.imageSmoothingQuality = "high"
  // What is transparent in a chosen picture lies on white, as on paper; no video is.
  context.fillStyle = "white"
  if (!VIDEOS.some((each) => drawable instanceof each)) context.fillRect(0, 0, size.width, size.height)
  context.drawImage(drawable, ...at)
  return canvas
}
