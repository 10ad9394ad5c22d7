// The live cards among the answers: one while a question is kept, and those of questions that were.
import { LiveCard } from "./live_card.js"

const MAX_CARDS = 10
const TICK_MS = 500

// Tells "shown" with the words of the card in front: { question, sentence, state, rate, activity }; "copied", "look-now",
// "watch" with { asked, title }, and "full-screen".
export class LiveList extends EventTarget {
  #live
  #list
  #makeCard
  #cards = []

  // list: where all answers are; openCard: makes the card of one that was said, { item, close }.
  constructor({ live, list, template, rowTemplate, openCard }) {
    super()
    this.#live = live
    this.#list = list
    this.#makeCard = (session) => new LiveCard({ template, rowTemplate, session, openCard })
    live.addEventListener("begun", ({ detail }) => this.#begin(detail))
    live.addEventListener("change", () => this.#show())
    live.addEventListener("ended", ({ detail }) => this.#end(detail))
    list.addEventListener("click", (event) => this.#clicked(event))
    setInterval(() => live.isOn && this.#show(), TICK_MS)
  }

  // Its card stands first while the question is kept.
  #begin(session) {
    const card = this.#cards.find((each) => each.session === session) ?? this.#makeCard(session)
    this.#cards = [card, ...this.#cards.filter((each) => each !== card)]
    card.item.dataset.pinned = ""
    this.#list.prepend(card.item)
    this.#show()
    this.#cards.splice(MAX_CARDS).forEach((each) => each.close())
    this.#list.parentElement.scrollTo({ top: 0 })
  }

  #show() {
    const { pace } = this.#live
    if (this.#cards.length > 0) this.#tell("shown", this.#cards[0].show(pace))
  }

  #end(session) {
    const card = this.#cards.find((each) => each.session === session)
    delete card.item.dataset.pinned
    this.#tell("shown", card.show(this.#live.pace))
    if (!card.isEmpty) return
    card.close()
    this.#cards = this.#cards.filter((each) => each !== card)
  }

  #clicked(event) {
    const button = event.target.closest("[data-live]")
    const card = this.#cards.find(({ item }) => item.contains(button))
    if (!button || !card) return
    const { asked, title } = card.session
    const actions = {
      open: () => card.toggle(button),
      all: () => card.showAll(),
      copy: () => this.#copy(card),
      now: () => this.#tell("look-now"),
      watch: () => this.#tell("watch", { asked, title }),
      "full-screen": () => this.#tell("full-screen"),
    }
    actions[button.dataset.live]()
  }

  async #copy(card) {
    await card.copy()
    this.#tell("copied")
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }))
  }
}
