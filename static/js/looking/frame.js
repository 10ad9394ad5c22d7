// One still frame of a picture, as the JPEG that is sent and kept.
import { Refusal } from "../plain/refusal.js"
import { amount } from "../plain/words.js"

const JPEG_QUALITY = 85
// How closely a picture is looked at: at most so many pixels on one side.
export const FAST = { name: "fast", shorterSidePx: 360, quality: JPEG_QUALITY }
export const DETAIL = { name: "detail", longerSidePx: 1280, quality: JPEG_QUALITY }

// picture: { drawable, width, height }; detail: FAST, DETAIL or { longerSidePx, quality } of 1 to 100;
// limits: { maxFrameBytes, maxFramePixels }.
// Returns { canvas, width, height, takenAt, detail }: this very moment, as it will be sent.
export function drawFrame(picture, detail, limits) {
  const takenAt = Date.now()
  const size = frameSize(picture, detail, limits.maxFramePixels)
  return { canvas: shrink(picture, size), takenAt, detail, ...size }
}

// Turns what was drawn into the JPEG: the same with `blob` in place of the canvas.
export async function encodeFrame({ canvas, ...drawn }, limits) {
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", drawn.detail.quality / 100))
  if (!blob) throw new Refusal("The browser made no JPEG of this picture. Try again, or choose another.")
  if (blob.size > limits.maxFrameBytes) throw new Refusal(tooLarge(blob.size, limits.maxFrameBytes, drawn.detail))
  return { blob, ...drawn }
}

export function frameSize({ width, height }, detail, maxPixels) {
  const byDetail = detail.shorterSidePx
    ? detail.shorterSidePx / Math.min(width, height)
    : detail.longerSidePx / Math.max(width, height)
  const byLimit = Math.sqrt(maxPixels / (width * height))
  const scale = Math.min(1, byDetail, byLimit)
  return { width: Math.max(1, Math.floor(width * scale)), height: Math.max(1, Math.floor(height * scale)) }
}

const REMEDIES = { fast: "Choose another picture.", detail: "Choose Fast instead of Detail." }

function tooLarge(bytes, maxBytes, detail) {
  const remedy = REMEDIES[detail.name] ?? "Choose a smaller frame, behind the model’s name."
  return `This frame takes ${amount(bytes)}; at most ${amount(maxBytes)} can be sent. ${remedy}`
}

// Halves as often as possible first: every pixel counts, where one large step would skip some.
export function shrink({ drawable, width, height }, size) {
  while (width >= 2 * size.width && height >= 2 * size.height) {
    width = Math.max(size.width, Math.round(width / 2))
    height = Math.max(size.height, Math.round(height / 2))
    drawable = draw(drawable, width, height)
  }
  return drawable.width === size.width && drawable instanceof HTMLCanvasElement
    ? drawable
    : draw(drawable, size.width, size.height)
}

function draw(drawable, width, height) {
  const canvas = Object.assign(document.createElement("canvas"), { width, height })
  const context = canvas.getContext("2d", { alpha: false })
  context.imageSmoothingQuality = "high"
  // What is transparent in a chosen picture lies on white, as on paper.
  context.fillStyle = "white"
  context.fillRect(0, 0, width, height)
  context.drawImage(drawable, 0, 0, width, height)
  return canvas
}
