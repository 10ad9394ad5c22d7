// One suggestion in the list: a handle to move it, its words to write anew, and a button to remove it.

const HOPS = { ArrowUp: -1, ArrowDown: 1 }

// Tells "write" with other words, "remove", "hop" with -1 or 1, "drag" with how far down the window a pointer
// pulls it, and "drop" with whether it is to stay there.
export class SuggestionRow extends EventTarget {
  #item
  #words = ""

  constructor(template, maxChars) {
    super()
    this.#item = template.content.firstElementChild.cloneNode(true)
    this.field.maxLength = maxChars
    this.field.addEventListener("change", () => this.#write())
    this.#part("remove").addEventListener("click", () => this.#tell("remove"))
    this.#item.addEventListener("keydown", (event) => this.#keyPressed(event))
    this.#followPointer(this.#part("handle"))
  }

  get element() {
    return this.#item
  }

  get field() {
    return this.#part("words")
  }

  get middle() {
    const { top, height } = this.#item.getBoundingClientRect()
    return top + height / 2
  }

  // Words that stay leave alone what is written over them.
  show(words, place) {
    if (words !== this.#words) this.field.value = words
    this.#words = words
    this.field.ariaLabel = `Suggestion ${place}`
    this.#part("handle").ariaLabel = `Move: ${words}`
    this.#part("remove").ariaLabel = `Remove: ${words}`
  }

  // As the one of another row had it, which is here now.
  focus(part) {
    this.#part(part).focus()
  }

  // Which part of it has the focus.
  get focused() {
    return ["handle", "words", "remove"].find((part) => this.#part(part) === document.activeElement)
  }

  #write() {
    const words = this.field.value.trim()
    if (words === "" || words === this.#words) this.field.value = this.#words
    else this.#tell("write", words)
  }

  #keyPressed(event) {
    const hop = event.altKey ? HOPS[event.key] : undefined
    const isUndoing = event.key === "Escape" && event.target === this.field && this.field.value !== this.#words
    if (hop === undefined && !isUndoing) return
    event.preventDefault()
    // One step each: what was written is given up before the sheet closes.
    event.stopPropagation()
    if (isUndoing) return void (this.field.value = this.#words)
    this.#write()
    this.#tell("hop", hop)
  }

  #followPointer(handle) {
    const isPulled = (event) => handle.hasPointerCapture(event.pointerId)
    const drop = (isToStay) => {
      delete this.#item.dataset.state
      this.#tell("drop", isToStay)
    }
    handle.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return
      handle.setPointerCapture(event.pointerId)
      this.#item.dataset.state = "pulled"
    })
    handle.addEventListener("pointermove", (event) => isPulled(event) && this.#tell("drag", event.clientY))
    handle.addEventListener("pointerup", (event) => isPulled(event) && drop(true))
    // Also where it was cancelled, or the sheet has closed meanwhile.
    handle.addEventListener("lostpointercapture", () => drop(false))
  }

  #part(name) {
    return this.#item.querySelector(`.suggestion__${name}`)
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }))
  }
}
