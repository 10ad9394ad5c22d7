// Opens an encoded picture, upright and on white, as pixels { data: bytes (height, width, 3), width, height }.

// The picture cannot be used; its message is for the person.
export class BadPicture extends Error {}

export async function openPicture(blob, maxPixels = Infinity) {
  let bitmap
  try {
    bitmap = await createImageBitmap(blob, { colorSpaceConversion: "none", premultiplyAlpha: "none" })
  } catch {
    throw new BadPicture("This picture cannot be read. Choose another one.")
  }
  try {
    const { width, height } = bitmap
    if (width * height > maxPixels) {
      throw new BadPicture(`This picture has ${width * height} pixels; at most ${maxPixels} can be looked at.`)
    }
    const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true })
    // What is see-through lies on white, as viewers show it.
    context.fillStyle = "white"
    context.fillRect(0, 0, width, height)
    context.drawImage(bitmap, 0, 0)
    return { data: withoutAlpha(context.getImageData(0, 0, width, height).data), width, height }
  } finally {
    bitmap.close()
  }
}

function withoutAlpha(pixels) {
  const data = new Uint8ClampedArray(pixels.length / 4 * 3)
  for (let from = 0, to = 0; from < pixels.length; from += 4) {
    data[to++] = pixels[from]
    data[to++] = pixels[from + 1]
    data[to++] = pixels[from + 2]
  }
  return data
}
