// What stands under the picture: the last half minute, the controls of a film, or the pictures beside the one shown.
import { FilmControls } from "./film_controls.js"
import { PictureList } from "./picture_list.js"

// Tells "all" when a person wants to ask about all pictures together.
export class Strips extends EventTarget {
  #rewind
  #film
  #pictures

  // strips: their elements, { rewind, film, pictures }; film, pictures: as Sources has them.
  constructor(strips, { film, pictures }) {
    super()
    this.#rewind = strips.rewind
    this.#film = new FilmControls(strips.film, film)
    this.#pictures = new PictureList(strips.pictures, pictures)
    this.#pictures.addEventListener("all", () => this.dispatchEvent(new Event("all")))
  }

  // state: of the stage.
  show(state) {
    this.#rewind.hidden = state === "film" || state === "picture"
    this.#film.isShown = state === "film"
    this.#pictures.isShown = state === "picture"
  }
}
