// A worker: makes what is sent and kept of a picture that moves, beside the page's own thread.
import { draw, shrink } from "../plain/canvas.js"
import { glanceAt } from "./glance.js"

const JPEG = "image/jpeg"

// Each takes { drawable, width, height } and how it is wanted; returns what comes of it, and what of that moves over.
const WAYS = { develop, glance }

addEventListener("message", async ({ data: { id, way, still, how } }) => {
  try {
    const picture = { drawable: still, width: still.displayWidth, height: still.displayHeight }
    const [made, moved] = await WAYS[way](picture, how)
    postMessage({ id, made }, moved)
  } catch (error) {
    console.warn(error)
    postMessage({ id, made: null })
  } finally {
    // Cameras have few of them to fill.
    still.close()
  }
})

async function develop(picture, { size, quality, thumb }) {
  const canvas = shrink(picture, size)
  const small = thumb && draw(canvas, thumb.width, thumb.height).transferToImageBitmap()
  const blob = await canvas.convertToBlob({ type: JPEG, quality })
  if (blob.type !== JPEG) throw new TypeError("No JPEG was made of a frame.")
  return small ? [{ blob, thumb: small }, [small]] : [{ blob }, []]
}

async function glance(picture, { size, area }) {
  const { buffer } = glanceAt(picture, size, area)
  return [new Uint8ClampedArray(buffer), [buffer]]
}
