// The frame that a card is about, and what is marked in it: where it is a part of a picture, in the whole, too; where
// several lie in it, in each of them.
import { Marks } from "../plain/marks.js"
import { placeIn, whereWords } from "../plain/places.js"
import { foundInTiles, placesInTiles } from "../plain/tiles.js"
import { CardTiles } from "./card_tiles.js"

const SHOW_WHOLE = "Show it in the whole picture"
const SHOW_PART = "Show it closer"

export class CardFrame {
  places = []
  #card
  #frame
  #name
  #pointed
  #marks
  #svg
  #url = ""
  #tiles = null
  #isWhole = false

  // frame, object, spatialRefs: of its request.
  constructor(card, { frame, object = "", spatialRefs: [pointed = null] = [] }) {
    this.#card = card
    this.#frame = frame
    this.#name = object
    this.#pointed = pointed
    this.#svg = card.querySelector(".marks")
    this.#marks = new Marks(this.#svg)
    this.#offerWhole(card.querySelector(".card__whole"))
    this.#showPicture()
    if (!frame.tiles || !object) return
    this.#tiles = new CardTiles(card.querySelector(".card__tiles"), this.#url, frame)
    card.querySelector(".card__picture").hidden = true
  }

  // How many were found.
  get foundWords() {
    return foundInTiles(this.#name, this.places, this.#frame.tiles)
  }

  // Where each of them is.
  get placesWords() {
    return placesInTiles(this.#name, this.places, this.#frame.tiles)
  }

  show(places) {
    this.places = places
    if (this.#tiles) return this.#tiles.show(this.#name, places)
    this.#draw(this.#name, places)
    this.#say([this.placesWords, this.#pointedWords].filter(Boolean).join(" "))
  }

  // Points of something else, as long as it is looked at; then what was found once more.
  light(points) {
    if (points.length === 0) return this.show(this.places)
    this.#draw("", points)
    this.#say("Where that is")
  }

  close() {
    this.#marks.close()
    this.#tiles?.close()
    URL.revokeObjectURL(this.#url)
  }

  #offerWhole(way) {
    way.hidden = !this.#frame.closer
    way.textContent = SHOW_WHOLE
    way.addEventListener("click", () => {
      this.#isWhole = !this.#isWhole
      way.textContent = this.#isWhole ? SHOW_PART : SHOW_WHOLE
      this.#showPicture()
    })
  }

  #showPicture() {
    const { blob, width, height } = this.#isWhole ? this.#frame.closer.whole : this.#frame
    URL.revokeObjectURL(this.#url)
    this.#url = URL.createObjectURL(blob)
    Object.assign(this.#card.querySelector(".card__frame"), { src: this.#url, width, height })
    this.#card.style.setProperty("--frame-ratio", width / height)
    this.#marks.point(this.#pointed && this.#placed(this.#pointed))
    this.show(this.places)
  }

  #draw(name, places) {
    this.#marks.show(name, places.map((place) => this.#placed(place)))
  }

  #placed(place) {
    return this.#isWhole ? placeIn(this.#frame.closer.area, place) : place
  }

  get #pointedWords() {
    return this.#pointed ? `Marked: ${whereWords(this.#pointed)}.` : ""
  }

  #say(words) {
    this.#svg.setAttribute("aria-label", words)
  }
}
