// Picture files that were chosen, dropped or pasted: at most four, one of them shown.
import { Refusal } from "../plain/refusal.js"
import { decodePicture, thumbOf } from "./decoding.js"

export const MAX_PICTURES = 4
const TOO_MANY = `${MAX_PICTURES} pictures are enough: these are the first ${MAX_PICTURES}.`

// A picture: { name, canvas, thumb }. Tells "change" when another one is shown, or the list is another.
export class Pictures extends EventTarget {
  #list = []
  #index = 0

  get list() {
    return this.#list
  }

  get index() {
    return this.#index
  }

  get shown() {
    return this.#list[this.#index] ?? null
  }

  // Takes the place of what is there. Returns a sentence about what was not taken, "" where all was.
  // Throws a Refusal where nothing was.
  async open(files) {
    const opened = []
    const sentences = files.length > MAX_PICTURES ? [TOO_MANY] : []
    for (const file of files.slice(0, MAX_PICTURES)) {
      try {
        const canvas = await decodePicture(file)
        opened.push({ name: file.name, canvas, thumb: thumbOf(canvas) })
      } catch (error) {
        if (!(error instanceof Refusal)) throw error
        sentences.push(files.length > 1 ? `${file.name}: ${error.message}` : error.message)
      }
    }
    if (opened.length === 0) throw new Refusal(sentences.at(-1))
    this.#list = opened
    this.#show(0)
    return sentences.at(-1) ?? ""
  }

  show(index) {
    if (index in this.#list && index !== this.#index) this.#show(index)
  }

  close() {
    this.#list = []
  }

  #show(index) {
    this.#index = index
    this.dispatchEvent(new Event("change"))
  }
}
