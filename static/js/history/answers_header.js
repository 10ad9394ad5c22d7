// Above the answers: how many there are and where they are kept, the search among them, and what can be done with all.
import { placeBeside } from "../plain/popover.js"
import { counted, dayWords, kilobytes, storage } from "../plain/words.js"
import { write } from "../plain/written.js"

const SEARCH_DELAY_MS = 150
const KEPT = "Kept in this browser"

// Tells "wanted" when it is about to show something, "search" with the words that are searched for, "" when the search
// ends; and "save-page", "save-data", "bring-in" with a file, and "clear" once that is sure.
export class AnswersHeader extends EventTarget {
  #parts
  #isSearching = false
  #patience = null
  #nKept = 0

  // parts: { count, kept, opener, search, menu, told, file }, and group, the same in the settings.
  constructor(parts) {
    super()
    this.#parts = parts
    const { opener, search, menu, told, file, group } = parts
    opener.addEventListener("click", () => this.#isSearching ? this.closeSearch() : this.openSearch())
    search.addEventListener("submit", (event) => event.preventDefault())
    search.addEventListener("input", () => this.#typed())
    search.querySelector("button").addEventListener("click", () => this.closeSearch())
    menu.addEventListener("toggle", ({ newState }) => newState === "open" && placeBeside(menu, this.#menuButton))
    menu.addEventListener("click", ({ target }) => this.#chosen(target.closest("button")?.dataset.action))
    told.addEventListener("click", ({ target }) => this.#answered(target.closest("button")?.dataset.action))
    file.addEventListener("change", () => this.#fileChosen())
    group.querySelector("#kept-search").addEventListener("click", () => this.openSearch())
    group.querySelector(".kept__clear").addEventListener("click", () => this.#chosen("clear"))
  }

  // n: answers there are; trouble: why they are not kept, or ""; amount: as History has it;
  // bounds: { maxBytes, maxDays }.
  show({ n, nKept, trouble, amount: { nPictures, bytes, oldestAt }, bounds: { maxBytes, maxDays } }) {
    this.#nKept = nKept
    write(this.#parts.count, n > 0 ? `${n}` : "")
    write(this.#parts.kept, trouble || KEPT)
    this.#parts.kept.title = trouble
    const oldest = oldestAt === null ? "" : `Oldest from ${dayWords(oldestAt) || "today"}`
    const size = bytes < 999_500 ? kilobytes(bytes) : storage(bytes)
    const here = nPictures === 0 ? "No pictures" : `${counted(nPictures, "picture")}, ${size}`
    const most = `At most ${storage(maxBytes)}, ${counted(maxDays, "day")}.`
    write(this.#parts.menu.querySelector(".more__amount"), `${here}. ${most}`)
    write(this.#parts.group.querySelector(".kept__amount"), here)
    write(this.#parts.group.querySelector(".kept__oldest"), oldest)
    this.#parts.group.querySelector(".kept__clear").disabled = nKept === 0
    for (const action of ["save-page", "save-data", "clear"]) this.#item(action).disabled = nKept === 0
  }

  // What came of it, in words.
  say(sentence) {
    const note = this.#parts.told.querySelector(".answers__note")
    write(note, sentence)
    note.hidden = sentence === ""
  }

  openSearch() {
    this.#tell("wanted")
    this.#showSearch(true)
    this.#words.focus({ preventScroll: true })
    this.#words.select()
  }

  // Returns whether there was anything to close.
  closeSearch() {
    if (!this.#isSearching) return false
    const hadFocus = this.#parts.search.contains(document.activeElement)
    this.#showSearch(false)
    this.#words.value = ""
    clearTimeout(this.#patience)
    this.#tell("search", "")
    if (hadFocus) this.#parts.opener.focus({ preventScroll: true })
    return true
  }

  // words: what was searched for; n: how many were found, null before that is known.
  showFound(words, n, nAll) {
    const found = n === 0 ? `Nothing found for “${words}”.` : `${n} of ${nAll}`
    write(this.#parts.search.querySelector("output"), words && n !== null ? found : "")
  }

  get #words() {
    return this.#parts.search.querySelector("input")
  }

  get #menuButton() {
    const buttons = [...document.querySelectorAll(`[popovertarget="${this.#parts.menu.id}"]`)]
    return buttons.find((each) => each.checkVisibility()) ?? this.#parts.opener
  }

  #item(action) {
    return this.#parts.menu.querySelector(`[data-action="${action}"]`)
  }

  #showSearch(isSearching) {
    this.#isSearching = isSearching
    this.#parts.search.hidden = !isSearching
    this.#parts.opener.ariaExpanded = String(isSearching)
  }

  #typed() {
    clearTimeout(this.#patience)
    this.#patience = setTimeout(() => this.#tell("search", this.#words.value.trim()), SEARCH_DELAY_MS)
  }

  #chosen(action) {
    if (!action) return
    this.#parts.menu.hidePopover()
    this.#tell("wanted")
    if (action === "bring-in") this.#parts.file.click()
    else if (action === "clear") this.#askFirst()
    else this.#tell(action)
  }

  #askFirst() {
    const group = this.#parts.told.querySelector(".answers__ask")
    write(group.querySelector(".answers__question"), `Delete all ${this.#nKept} answers?`)
    group.hidden = false
    group.querySelector("button").focus({ preventScroll: true })
  }

  #answered(action) {
    if (!action) return
    this.#parts.told.querySelector(".answers__ask").hidden = true
    this.#menuButton.focus({ preventScroll: true })
    if (action === "delete") this.#tell("clear")
  }

  #fileChosen() {
    const [file] = this.#parts.file.files
    this.#parts.file.value = ""
    if (file) this.#tell("bring-in", file)
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }))
  }
}
