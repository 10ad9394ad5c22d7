// What a person chose: each part goes by it.
import { announcer, element, looking, question, settings } from "../parts.js"
import { offer } from "./together.js"

function follow() {
  const { theme, quality, isReasoning, hasRewind } = settings.values
  dispatchEvent(new CustomEvent("theme", { detail: theme }))
  looking.quality = quality
  looking.isRewindOn = hasRewind
  question.isReasoning = isReasoning
  element("think").ariaPressed = String(isReasoning)
  offer()
}

element("think").addEventListener("click", () => settings.choose({ isReasoning: !settings.values.isReasoning }))
settings.addEventListener("change", follow)
settings.addEventListener("keys", () => element("keys").showModal())
settings.addEventListener("said", ({ detail }) => announcer.say(detail))
follow()
