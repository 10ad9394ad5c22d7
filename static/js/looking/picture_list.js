// Several pictures under the one that is shown: each small, to be chosen.
import { write } from "../plain/written.js"

// Tells "all" when a person wants to ask about all of them together.
export class PictureList extends EventTarget {
  #parts
  #pictures

  // parts: the element under the picture; pictures: as Pictures has them.
  constructor(parts, pictures) {
    super()
    this.#parts = parts
    this.#pictures = pictures
    pictures.addEventListener("change", () => this.#render())
    this.#part("all").addEventListener("click", () => this.dispatchEvent(new Event("all")))
  }

  // One alone needs no list.
  set isShown(isShown) {
    this.#parts.hidden = !isShown || this.#pictures.list.length < 2
  }

  #render() {
    const { list, index, shown } = this.#pictures
    write(this.#part("title"), `${index + 1} of ${list.length}`)
    write(this.#part("note"), shown.name)
    const track = this.#part("track")
    const hadFocus = track.contains(document.activeElement)
    track.replaceChildren(...list.map((picture, at) => this.#button(picture, at)))
    if (hadFocus) track.children[index].focus()
  }

  #button({ name, thumb }, at) {
    const button = Object.assign(document.createElement("button"), { type: "button", className: "strip__picture" })
    button.ariaLabel = `Picture ${at + 1}, ${name}`
    button.ariaPressed = String(at === this.#pictures.index)
    const copy = Object.assign(document.createElement("canvas"), { width: thumb.width, height: thumb.height })
    copy.getContext("2d").drawImage(thumb, 0, 0)
    button.append(copy)
    button.addEventListener("click", () => this.#pictures.show(at))
    return button
  }

  #part(name) {
    return this.#parts.querySelector(`.strip__${name}`)
  }
}
