// A picture file, opened within bounds and laid on a canvas: upright, on white, of an animation the first picture.
import { draw } from "../plain/canvas.js"
import { Refusal } from "../plain/refusal.js"

// Four of them stay open side by side.
const LONGEST_SIDE_PX = 3072
// A line of pixels shows nothing.
const NARROWEST = 1 / 100
const THUMB_HEIGHT_PX = 80

const EMPTY = "This file is empty. Choose another."
const UNREADABLE = "This file is not a picture that the browser can read. Choose another."
const HEIC = "This browser cannot read HEIC pictures. Save it as JPEG, or choose another."
const DAMAGED = "This picture is damaged or too large to be opened. Choose another."

// Returns a canvas as large as the picture, or as the bounds. Throws a Refusal.
export async function decodePicture(file) {
  if (file.size === 0) throw new Refusal(EMPTY)
  const url = URL.createObjectURL(file)
  try {
    const image = await measured(url, file)
    return await drawn(image, file, boundedSize(image))
  } finally {
    URL.revokeObjectURL(url)
  }
}

export function thumbSize({ width, height }) {
  return { width: Math.max(1, Math.round(THUMB_HEIGHT_PX * width / height)), height: THUMB_HEIGHT_PX }
}

// As small as the pictures of a strip: a canvas.
export function thumbOf(drawable) {
  const { width, height } = thumbSize(drawable)
  const canvas = Object.assign(document.createElement("canvas"), { width, height })
  canvas.getContext("2d").drawImage(drawable, 0, 0, width, height)
  return canvas
}

// As an <img> whose size is known, and not one pixel of it opened: what is drawn in SVG runs nothing and fetches
// nothing there.
async function measured(url, file) {
  const image = new Image()
  image.src = url
  try {
    await new Promise((resolve, reject) => Object.assign(image, { onload: resolve, onerror: reject }))
  } catch {
    throw new Refusal(isHeic(file) ? HEIC : UNREADABLE)
  }
  return image
}

function boundedSize({ naturalWidth: width, naturalHeight: height }) {
  if (width === 0 || height === 0) throw new Refusal(UNREADABLE)
  if (Math.min(width, height) / Math.max(width, height) < NARROWEST) {
    throw new Refusal(`This picture is ${width} × ${height} pixels: too narrow to show anything. Choose another.`)
  }
  const scale = Math.min(1, LONGEST_SIDE_PX / Math.max(width, height))
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) }
}

async function drawn(image, file, { width, height }) {
  return draw(isSvg(file) ? image : await opened(file, { width, height }), width, height)
}

// Not on the page's own thread, which a picture of 60 megapixels would hold for seconds; and what breaks off before
// its end is not taken for whole.
async function opened(file, { width, height }) {
  try {
    return await createImageBitmap(file, { resizeWidth: width, resizeHeight: height, resizeQuality: "high" })
  } catch (error) {
    if (error.name === "InvalidStateError") throw new Refusal(DAMAGED)
    throw error
  }
}

function isSvg({ type, name }) {
  return type === "image/svg+xml" || /\.svg$/i.test(name)
}

function isHeic({ type, name }) {
  return /^image\/hei[cf]/.test(type) || /\.hei[cf]$/i.test(name)
}
