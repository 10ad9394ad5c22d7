// What stays of the answers.
import { VERBS } from "../asking/skills.js"
import { bringIn, saveAnswers } from "../history/files.js"
import { announcer, answers, answersHeader, cardMenu, history, keptList, settings, tray, upstream } from "../parts.js"
import { showAnswers } from "./together.js"

const say = (sentence) => answersHeader.say(sentence)

function showHeader() {
  const nOthers = answers.ids.filter((id) => !history.has(id)).length
  const { size: nKept, trouble, amount, bounds } = history
  answersHeader.show({ n: nKept + nOthers, nKept, trouble, amount, bounds })
  answers.hasOthers = nKept > 0
}

for (const each of [answers, history]) each.addEventListener("change", showHeader)
answers.addEventListener("ended", ({ detail: { request, askedAt, outcome, isOfProgram } }) => {
  // Programs do not tire, and what was opened once more is kept already.
  if (isOfProgram || request.isOpened) return
  const { model: name, device, dtype } = upstream.status
  const { maxTokens, temperature } = upstream.wishes ?? settings.values
  history.keep(request, askedAt, outcome, { model: { name, device, dtype }, settings: { maxTokens, temperature } })
})
answers.addEventListener("more", ({ detail: { card, button } }) => {
  const isListed = answers.find(card.request.id) === card
  cardMenu.open(card, button, { canDelete: isListed && !card.isRunning, isChosen: tray.has(card.request.id) })
})

let before = history.bounds
settings.addEventListener("change", () => {
  const { bounds } = history
  if (bounds.maxBytes !== before.maxBytes || bounds.maxDays !== before.maxDays) history.boundsChanged()
  before = bounds
})

cardMenu.addEventListener("delete", ({ detail }) => keptList.remove(detail))
cardMenu.addEventListener("said", ({ detail }) => {
  say(detail)
  announcer.say(detail)
})

keptList.addEventListener("found", ({ detail: { text, n } }) => answersHeader.showFound(text, n, history.size))
answersHeader.addEventListener("wanted", showAnswers)
answersHeader.addEventListener("search", ({ detail }) => keptList.search(detail))
answersHeader.addEventListener("clear", () => keptList.clear())
answersHeader.addEventListener("save-page", () => saveAnswers(history, "page", say))
answersHeader.addEventListener("save-data", () => saveAnswers(history, "data", say))
answersHeader.addEventListener("bring-in", async ({ detail: file }) => {
  say("Reading the file.")
  say(await bringIn(history, file, Object.keys(VERBS)))
})
