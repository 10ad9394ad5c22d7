// Marks outside of the page: as a drawing of its own, and on the picture they belong to.
import { Marks } from "./marks.js"
import { part } from "./svg.js"

// Marks are as large on a picture that is so wide as on the page.
const SEEN_WIDTH_PX = 640
const STYLES = ["fill", "stroke", "stroke-width", "font-family", "font-size", "font-weight"]

// The marks of a frame as SVG that needs no style sheet. marked: { name, places, pointed }: what was found, and what a
// person pointed at, or null.
export function drawnMarks({ name, places, pointed }, { width, height }) {
  const seenWidth = Math.min(width, SEEN_WIDTH_PX)
  const svg = part("svg", { class: "marks marks--apart" })
  Object.assign(svg.style, { width: `${seenWidth}px`, height: `${(seenWidth * height) / width}px` })
  // Words are as wide as the page shows them.
  document.body.append(svg)
  const marks = new Marks(svg)
  try {
    marks.point(pointed)
    marks.show(name, places)
    const shapes = [...svg.querySelectorAll("*")]
    shapes.forEach(style)
    // What a class gives to others is written down by now.
    for (const each of [svg, ...shapes]) each.removeAttribute("class")
    svg.removeAttribute("style")
    return new XMLSerializer().serializeToString(svg)
  } finally {
    marks.close()
    svg.remove()
  }
}

export function isMarked({ places, pointed }) {
  return places.length > 0 || pointed !== null
}

// The picture as a PNG, with its marks.
export async function pictureOf({ blob, width, height }, marked) {
  const canvas = Object.assign(document.createElement("canvas"), { width, height })
  const context = canvas.getContext("2d")
  context.drawImage(await decoded(blob), 0, 0, width, height)
  if (isMarked(marked)) {
    const drawing = new Blob([drawnMarks(marked, { width, height })], { type: "image/svg+xml" })
    context.drawImage(await decoded(drawing), 0, 0, width, height)
  }
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"))
}

function style(shape) {
  const computed = getComputedStyle(shape)
  for (const name of STYLES) shape.setAttribute(name, computed.getPropertyValue(name))
}

async function decoded(blob) {
  const url = URL.createObjectURL(blob)
  try {
    const image = Object.assign(new Image(), { src: url })
    await image.decode()
    return image
  } finally {
    URL.revokeObjectURL(url)
  }
}
