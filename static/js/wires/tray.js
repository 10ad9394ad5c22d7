// Pictures that are asked about together: from cards, from files, of then and now.
import { DIFFERENCE } from "../asking/skills.js"
import { announcer, answers, cardMenu, looking, question, stage, tray } from "../parts.js"
import { newId } from "../plain/ids.js"
import { timeOfDay, when } from "../plain/words.js"
import { offer } from "./together.js"

const SEEN = { film: "video", picture: "picture" }

function momentOf({ isPast, takenAt }) {
  return isPast ? timeOfDay(takenAt) : when(takenAt)
}

// drawn: as `Looking.see` returns it.
function seen({ canvas: drawable, width, height, ...drawn }) {
  const time = drawn.isPast ? timeOfDay(drawn.takenAt) : SEEN[stage.state] ?? "now"
  return { key: newId(), when: time, drawable, width, height }
}

export function toggleCard({ request: { id: key, frame } }) {
  return tray.toggle({ key, when: momentOf(frame), ...frame })
}

tray.addEventListener("change", () => {
  looking.showTogether(tray.together)
  answers.letters = tray.letters
  offer()
})
tray.addEventListener("said", ({ detail }) => announcer.say(detail))
tray.addEventListener("refused", ({ detail }) => question.warn(detail))
tray.addEventListener("left", () => question.focusUnlessTouch())
tray.addEventListener("add", async () => {
  const drawn = looking.see()
  if (drawn) await tray.add(seen(drawn))
  question.focusUnlessTouch()
})

cardMenu.addEventListener("choose", ({ detail }) => toggleCard(detail))
looking.addEventListener("change", () => { tray.canAdd = looking.canSee })
looking.addEventListener("other", () => tray.clear())
looking.addEventListener("resized", () => tray.size > 1 && tray.draw())
looking.addEventListener("compare", async ({ detail: { then, now } }) => {
  if (await tray.take([seen(then), seen(now)])) question.choose(DIFFERENCE)
})
looking.addEventListener("all", async ({ detail: pictures }) => {
  const files = pictures.map(({ name, canvas: { width, height }, canvas }) => {
    return { key: newId(), when: name, drawable: canvas, width, height }
  })
  await tray.take(files)
  question.focusUnlessTouch()
})
