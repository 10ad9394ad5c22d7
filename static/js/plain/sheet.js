// A sheet: it stands where the answers stand, and the picture stays in sight.

// Tells "opened" and "closed".
export class Sheet extends EventTarget {
  #sheet
  #openers
  #door
  #focusFirst
  #leftFrom = null

  // openers: the buttons that open it; door: what leads to them where they are in a menu, if anything;
  // focusFirst: puts the focus on its first field.
  constructor({ sheet, openers, door = null, focusFirst }) {
    super()
    this.#sheet = sheet
    this.#openers = openers
    this.#door = door
    this.#focusFirst = focusFirst
    this.#part("close").addEventListener("click", () => this.close())
  }

  get isOpen() {
    return !this.#sheet.hidden
  }

  open() {
    if (!this.isOpen) this.#show()
    // On a touch screen the focus would bring up the keyboard, over the picture.
    if (matchMedia("(pointer: coarse)").matches) this.#part("body").focus({ preventScroll: true })
    else this.#focusFirst()
  }

  // Gives the focus back to where it was; not where it has gone elsewhere.
  close() {
    const hadFocus = this.#sheet.contains(document.activeElement)
    this.#sheet.hidden = true
    this.#showOpeners()
    const back = [this.#leftFrom, ...this.#openers, this.#door].find((each) => each?.isConnected && each.checkVisibility())
    if (hadFocus) back?.focus({ preventScroll: true })
    this.dispatchEvent(new Event("closed"))
  }

  toggle() {
    if (this.isOpen) this.close()
    else this.open()
  }

  // Returns whether there was anything to close.
  retreat() {
    if (!this.isOpen) return false
    this.close()
    return true
  }

  #show() {
    this.#leftFrom = document.activeElement
    this.#sheet.hidden = false
    this.#part("body").scrollTop = 0
    this.#showOpeners()
    this.dispatchEvent(new Event("opened"))
  }

  #showOpeners() {
    for (const opener of this.#openers) opener.ariaExpanded = String(this.isOpen)
  }

  #part(name) {
    return this.#sheet.querySelector(`.sheet__${name}`)
  }
}
