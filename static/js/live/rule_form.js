// The form of one rule: what to tell of in plain words, what they mean, and how to be told.
import { allowNotifications } from "./alerts.js"
import { askedOf, guess, MAX_COUNT, newRule, refusalOf, settingsWords, WAYS } from "./rule.js"

const SETTINGS = ["limit", "sure", "quiet"]
const NO_COUNT = `More than how many? Write a number from 1 to ${MAX_COUNT}.`

// Tells "made" with the rule that was written, "cancel", and "delete" where it changes a rule that is there.
export class RuleForm extends EventTarget {
  #form
  #maxChars
  #rule
  #isKindChosen = false
  #isOpen = false

  // rule: the one to change; null for another one.
  constructor(template, { maxChars, rule = null }) {
    super()
    this.#form = template.content.firstElementChild.cloneNode(true)
    this.#maxChars = maxChars
    this.#rule = rule
    this.#form.addEventListener("submit", (event) => this.#submitted(event))
    this.#form.addEventListener("input", (event) => this.#typed(event.target))
    this.#form.addEventListener("keydown", (event) => this.#pressed(event))
    this.#form.addEventListener("change", (event) => this.#chosen(event.target))
    this.#part("change").addEventListener("click", () => this.#unfold())
    this.#part("cancel").addEventListener("click", () => this.cancel())
    this.#part("delete").addEventListener("click", () => this.dispatchEvent(new Event("delete")))
    this.#part("delete").hidden = rule === null
    this.clear()
  }

  get element() {
    return this.#form
  }

  get hasFocus() {
    return this.#form.contains(document.activeElement)
  }

  focus() {
    this.#fields.words.focus({ preventScroll: true })
  }

  // As it was at first.
  clear() {
    const rule = this.#rule ?? newRule({ kind: "object", when: "appears", words: "" })
    this.#isKindChosen = this.#isOpen = this.#rule !== null
    this.#fields.words.value = rule.words
    this.#setMeaning(rule)
    for (const name of SETTINGS) this.#fields[name].value = rule[name]
    for (const way of WAYS) this.#fields[way].checked = rule.ways[way]
    this.note("")
    this.#render()
  }

  // Words that come from elsewhere, with their kind.
  write(words, kind) {
    this.clear()
    this.#fields.words.value = words
    this.#isKindChosen = true
    this.#setMeaning({ kind, when: kind === "question" ? "yes" : "appears" })
    this.#render()
  }

  cancel() {
    this.clear()
    this.dispatchEvent(new Event("cancel"))
  }

  note(sentence) {
    this.#part("note").textContent = sentence
    this.#part("note").hidden = sentence === ""
  }

  get #fields() {
    return this.#form.elements
  }

  get #when() {
    return this.#fields[this.#fields.kind.value].value
  }

  #part(name) {
    return this.#form.querySelector(`.rule-form__${name}`)
  }

  #setMeaning({ kind, when }) {
    this.#fields.kind.value = kind
    this.#fields[kind].value = when
  }

  #typed({ name, value }) {
    if (name !== "words") return
    if (!this.#isKindChosen) this.#setMeaning(guess(value))
    this.note("")
    this.#render()
  }

  // While an input method composes, Enter chooses a word; Safari says so only by this key code.
  #pressed(event) {
    if (event.key === "Enter" && (event.isComposing || event.keyCode === 229)) event.preventDefault()
  }

  #chosen({ name, checked }) {
    if (name === "kind") this.#isKindChosen = true
    if (name === "notification" && checked) this.#allow().catch(reportError)
    this.#render()
  }

  async #allow() {
    const refusal = await allowNotifications()
    if (refusal === "") return
    this.#fields.notification.checked = false
    this.note(refusal)
    this.#render()
  }

  #unfold() {
    this.#isOpen = true
    this.#render()
    this.#fields[this.#fields.kind.value].focus({ preventScroll: true })
  }

  #submitted(event) {
    event.preventDefault()
    const written = this.#written()
    const refusal = refusalOf(written, this.#maxChars) ?? (this.#hasCount ? null : NO_COUNT)
    if (refusal) return this.#refuse(refusal)
    this.dispatchEvent(new CustomEvent("made", { detail: newRule({ ...this.#identity, ...written }) }))
  }

  #refuse(sentence) {
    this.note(sentence)
    this.focus()
  }

  get #identity() {
    return this.#rule ? { id: this.#rule.id, isOn: this.#rule.isOn } : {}
  }

  get #hasCount() {
    return this.#when !== "more" || this.#fields.limit.checkValidity()
  }

  #written() {
    const { words, kind, sure, quiet, limit } = this.#fields
    return {
      kind: kind.value,
      words: words.value.trim(),
      when: this.#when,
      limit: limit.checkValidity() ? Number(limit.value) : this.#rule?.limit ?? 2,
      sure: sure.value,
      quiet: quiet.value,
      ways: Object.fromEntries(WAYS.map((way) => [way, this.#fields[way].checked])),
    }
  }

  #render() {
    const written = this.#written()
    const isEmpty = written.words === ""
    this.#part("hint").hidden = !isEmpty
    this.#part("meaning").hidden = isEmpty && !this.#isOpen
    this.#part("foot").hidden = isEmpty && !this.#isOpen
    this.#part("folded").hidden = this.#isOpen
    this.#part("summary").textContent = settingsWords(written)
    this.#part("settings").hidden = !this.#isOpen
    this.#part("limit").hidden = written.when !== "more"
    for (const each of this.#form.querySelectorAll("[data-kind]")) each.hidden = each.dataset.kind !== written.kind
    this.#showAsked(written)
  }

  // Only where it is not what was written.
  #showAsked({ kind, words }) {
    const rule = { kind, words: kind === "question" && words ? newRule({ kind, words }).words : words }
    const isOther = kind === "question" && askedOf(rule) !== rule.words
    this.#part("asked").hidden = words === "" || !isOther
    this.#part("asked").textContent = isOther ? `Asked: ${askedOf(rule)}` : ""
  }
}
