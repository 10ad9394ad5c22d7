// Asking, and the answers.
import { flyFrame } from "../answers/flight.js"
import { FIND, titleOf } from "../asking/skills.js"
import {
  ahead, announcer, answers, asking, connection, findHere, keeping, looking, question, stage, upstream,
} from "../parts.js"
import { objectOf } from "../plain/command.js"
import { showActivity, showAnswers, stopAll } from "./together.js"

question.addEventListener("ask", ({ detail }) => {
  // A mark is about what is seen now, not about whatever comes to stand there.
  const isKept = keeping.isOn && !looking.isApart && !detail.spatialRefs
  if (isKept) keeping.start(detail, titleOf(detail))
  else asking.ask(detail)
})
question.addEventListener("ask-once", ({ detail }) => asking.ask(detail))
question.addEventListener("stop", stopAll)
question.addEventListener("typed", () => ahead.typed())
question.addEventListener("refused", ({ detail }) => announcer.say(detail))

asking.addEventListener("asked", ({ detail: request }) => {
  showAnswers()
  const card = answers.add(request)
  if (request.frame.source === null) return
  stage.forgetFound()
  flyFrame(card.frame, stage.bounds).catch(reportError)
})
asking.addEventListener("answered", ({ detail }) => answers.response({ ...detail, spent: upstream.wishes && detail }))

answers.addEventListener("again", ({ detail }) => asking.askAgain(detail))
findHere.addEventListener("find", ({ detail: { card: { request: { frame } }, words } }) => {
  asking.askAgain({ skill: FIND, object: objectOf(words), frame })
})
answers.addEventListener("stop", ({ detail }) => asking.stop(detail))
answers.addEventListener("found", ({ detail: { request, places } }) => {
  stage.showFound(request.object, places, request.frame.source)
})
answers.addEventListener("finished", ({ detail }) => announcer.say(detail))
answers.addEventListener("copied", () => announcer.say("Copied."))
answers.addEventListener("change", () => {
  showActivity()
  stage.showActivity(answers.activity)
  question.showActivity(answers.ownActivity)
})

ahead.addEventListener("look", ({ detail }) => connection.look(detail))
ahead.addEventListener("unneeded", ({ detail }) => connection.cancel(detail))
