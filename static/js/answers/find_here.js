// Words of an answer that somebody selects can be found in its picture.

// Tells "find" with the card and the words.
export class FindHere extends EventTarget {
  // Whether the model that answers can.
  isOffered = true
  #button
  #cards
  #maxChars
  #found = null

  // button: stands below the answer while words of it are selected; cards: has `holding`, the card of an element;
  // maxChars: of what can be looked for.
  constructor({ button, cards, maxChars }) {
    super()
    this.#button = button
    this.#cards = cards
    this.#maxChars = maxChars
    document.addEventListener("selectionchange", () => this.#follow())
    // The selection stays while it is pressed.
    button.addEventListener("pointerdown", (event) => event.preventDefault())
    button.addEventListener("click", () => this.#chosen())
  }

  #follow() {
    // Whoever tabs to the button still means what was selected.
    if (document.activeElement === this.#button) return
    const selection = getSelection()
    const ends = [selection.anchorNode, selection.focusNode]
    const [from, to] = ends.map((node) => node?.parentElement?.closest(".card__text"))
    const words = from && from === to ? selection.toString().trim().replace(/\s+/g, " ") : ""
    const card = words && this.#cards.holding(from)
    const canFind = card && !card.isRunning && this.isOffered && [...words].length <= this.#maxChars
    this.#found = canFind ? { card, words } : null
    if (canFind) from.parentElement.after(this.#button)
    this.#button.hidden = !canFind
  }

  #chosen() {
    const { card, words } = this.#found
    getSelection().removeAllRanges()
    this.#button.hidden = true
    this.dispatchEvent(new CustomEvent("find", { detail: { card, words } }))
  }
}
