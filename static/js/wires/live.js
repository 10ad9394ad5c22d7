// Looking again and again: what is kept answered, what is watched for, what programs see.
import { requestOfAlert, requestOfProgram } from "../asking/requests.js"
import {
  announcer, answers, connection, keeping, keptList, looks, question, sharing, stage, watch, webhook,
} from "../parts.js"
import { newId } from "../plain/ids.js"
import { showAnswers, showLooking } from "./together.js"

function showAlert(request, alert) {
  answers.addAnswered(request, { text: alert.text, places: alert.places })
}

keeping.addEventListener("begun", showAnswers)
keeping.addEventListener("switched", () => question.showKept(keeping.isOn))
keeping.addEventListener("change", showLooking)
keeping.addEventListener("found", ({ detail: { object, places, frame } }) => stage.showFound(object, places, frame.source))
keeping.addEventListener("said", ({ detail }) => announcer.say(detail))
keeping.addEventListener("look-now", () => connection.isOpen ? looks.lookNow() : connection.open())
keeping.addEventListener("watch", ({ detail }) => watch.offer(detail.asked))

watch.addEventListener("change", showLooking)
watch.addEventListener("open", async ({ detail: alert }) => {
  if (!await keptList.goTo(alert.id)) showAlert({ ...requestOfAlert(newId(), alert), isOpened: true }, alert)
})
watch.addEventListener("told", ({ detail: alert }) => {
  if (alert.ways.page) showAlert(requestOfAlert(alert.id, alert), alert)
  if (webhook.host) connection.alert({ ...alert, rule: alert.name, blob: webhook.hasFrames ? alert.frame.blob : null })
})

sharing.addEventListener("looked", ({ detail }) => answers.addOfProgram(requestOfProgram(detail)))
sharing.addEventListener("shown", ({ detail }) => connection.show(detail))
sharing.addEventListener("switched", () => connection.share(sharing.isOn))
sharing.addEventListener("left", () => question.focusUnlessTouch())
sharing.addEventListener("said", ({ detail }) => announcer.say(detail))

document.addEventListener("visibilitychange", () => looks.check())
