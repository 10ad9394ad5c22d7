// One still frame of a picture, as the JPEG that is sent and kept.
import { shrink } from "../plain/canvas.js"
import { Refusal } from "../plain/refusal.js"
import { amount } from "../plain/words.js"

export const JPEG_QUALITY = 85
// How closely a picture is looked at: at most so many pixels on one side.
export const FAST = { name: "fast", shorterSidePx: 360, quality: JPEG_QUALITY }
export const DETAIL = { name: "detail", longerSidePx: 1280, quality: JPEG_QUALITY }

// Both in another quality, 1 to 100, by name.
export function detailsAt(quality) {
  return Object.fromEntries([FAST, DETAIL].map((detail) => [detail.name, { ...detail, quality }]))
}

// picture: { drawable, width, height }; detail: FAST, DETAIL or { longerSidePx, quality } of 1 to 100;
// limits: { maxFrameBytes, maxFramePixels }.
// Returns { canvas, width, height, takenAt, detail }: this very moment, as it will be sent.
export function drawFrame(picture, detail, limits) {
  const takenAt = Date.now()
  const size = frameSize(picture, detail, limits.maxFramePixels)
  return { canvas: shrink(picture, size), takenAt, detail, ...size }
}

// Turns what was drawn into the JPEG: the same with `blob` in place of the canvas. What has one keeps it. Of what is
// looked at closer, the whole as well: it is not sent, and stays with the answer.
export async function encodeFrame({ canvas, closer, ...drawn }, limits) {
  const quality = drawn.detail.quality / 100
  const [blob, whole] = await Promise.all([drawn.blob ?? jpegOf(canvas, quality), closer && wholeOf(closer, quality)])
  if (blob.size > limits.maxFrameBytes) throw new Refusal(tooLarge(blob.size, limits.maxFrameBytes, drawn.detail))
  return { ...drawn, blob, ...closer && { closer: { area: closer.area, whole } } }
}

// The same in one, of this very moment, beside the page's own thread; with a picture of it in the size `thumbSize` says.
// Null where the darkroom cannot.
export async function developFrame(darkroom, picture, detail, limits, thumbSize = null) {
  const takenAt = Date.now()
  const size = frameSize(picture, detail, limits.maxFramePixels)
  const how = { size, quality: detail.quality / 100, thumb: thumbSize && thumbSize(size) }
  const developed = await darkroom.develop(picture, how)
  return developed && encodeFrame({ ...developed, takenAt, detail, ...size }, limits)
}

async function jpegOf(canvas, quality) {
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", quality))
  if (!blob) throw new Refusal("The browser made no JPEG of this picture. Try again, or choose another.")
  return blob
}

async function wholeOf({ whole: { canvas, width, height } }, quality) {
  return { blob: await jpegOf(canvas, quality), width, height }
}

// What a frame of this picture takes, { width, height, bytes }; null where it could not be sent.
export async function costOf(picture, size, limits) {
  try {
    const { blob, width, height } = await encodeFrame(drawFrame(picture, size, limits), limits)
    return { width, height, bytes: blob.size }
  } catch (error) {
    // It is told to whoever chooses that size and asks.
    if (error instanceof Refusal) return null
    throw error
  }
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
