// Frames that were asked about together, each cut out of their one picture, with what was found in it.
import { Marks } from "../plain/marks.js"
import { placesWords } from "../plain/places.js"
import { part } from "../plain/svg.js"
import { placesByTile, whenAlone } from "../plain/tiles.js"

export class CardTiles {
  #tiles
  #shown

  // list: where they stand; url: of the picture; frame: { width, height, tiles }.
  constructor(list, url, frame) {
    this.#tiles = frame.tiles
    this.#shown = frame.tiles.map((tile) => tileShown(tile, url, frame))
    list.replaceChildren(...this.#shown.map(({ item }) => item))
    list.hidden = false
  }

  // places: in fractions of the picture.
  show(name, places) {
    for (const [at, each] of placesByTile(this.#tiles, places).entries()) {
      const { marks, svg } = this.#shown[at]
      marks.show(name, each)
      svg.setAttribute("aria-label", placesWords(name, each))
    }
  }

  close() {
    for (const { marks } of this.#shown) marks.close()
  }
}

function tileShown({ letter, when, ...place }, url, frame) {
  const item = Object.assign(document.createElement("li"), { className: "tile" })
  const words = Object.assign(document.createElement("p"), { className: "tile__words" })
  const badge = Object.assign(document.createElement("b"), { className: "letter", translate: false })
  badge.append(letter)
  words.append(badge, whenAlone(when))
  const picture = Object.assign(document.createElement("div"), { className: "tile__picture" })
  const svg = part("svg", { class: "marks", role: "img", translate: "no", hidden: "" })
  picture.append(cutOut(picture, { letter, when, ...place }, url, frame), svg)
  item.append(words, picture)
  return { item, svg, marks: new Marks(svg) }
}

// The whole picture, so large and so far aside that only the tile is seen of it.
function cutOut(picture, { letter, when, xMin, yMin, xMax, yMax }, url, { width, height }) {
  const [across, down] = [xMax - xMin, yMax - yMin]
  picture.style.setProperty("--tile-ratio", (across * width) / (down * height))
  picture.style.setProperty("--tile-width", `${across * width}px`)
  const image = Object.assign(new Image(), { src: url, alt: `${letter}, ${when}`, className: "tile__whole" })
  Object.assign(image.style, {
    width: `${100 / across}%`, height: `${100 / down}%`,
    left: `${-100 * xMin / across}%`, top: `${-100 * yMin / down}%`,
  })
  return image
}
