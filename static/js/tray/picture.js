// One picture of the tray, opened: whatever it was taken from may change or go.
import { Refusal } from "../plain/refusal.js"
import { whenAlone } from "../plain/tiles.js"
import { copyOf } from "./drawing.js"

// No frame is ever sent larger.
const LONGEST_PX = 2048
const THUMB_LONGEST_PX = 128
const MAX_WHEN_CHARS = 60

const UNREADABLE = "This picture is damaged and cannot be opened. Choose another."

// picture: as Tray takes it. Promises { key, when, title, width, height, canvas, thumb }; what is drawn on a canvas is
// copied at once, before it can be drawn on again. Throws a Refusal.
export async function openPicture({ key, when, width, height, blob, drawable }) {
  const canvas = copyOf(blob ? await decoded(blob) : drawable, { width, height }, LONGEST_PX)
  const thumb = Object.assign(copyOf(canvas, canvas, THUMB_LONGEST_PX), { className: "tray__thumb" })
  thumb.ariaHidden = "true"
  const words = [...when].slice(0, MAX_WHEN_CHARS).join("")
  return { key, when: words, title: whenAlone(words), width, height, canvas, thumb }
}

async function decoded(blob) {
  try {
    return await createImageBitmap(blob)
  } catch (error) {
    if (error instanceof DOMException) throw new Refusal(UNREADABLE)
    throw error
  }
}
