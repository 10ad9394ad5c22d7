// Finds the elements, makes the parts and connects the rooms; decides nothing. What each room may know:
//
//   plain/    pure helpers; nothing outside of it
//   line/     who answers, a server so far: the one place that knows a socket and the names on the wire
//   asking/   what can be asked, the line it is typed into, each request until it is answered
//   looking/  what there is to see, and the frame that is taken of it
//   answers/  what came back: cards, marks and times
//   page/     what is around them: the model, the connection, the keys
//
// A room imports its own files and plain/; line/ also the vendored socket. What one has for another goes
// through here: as an event, or as a function handed in.
import { Answers } from "./answers/answers.js"
import { flyFrame } from "./answers/flight.js"
import { Asking } from "./asking/asking.js"
import { takeDropped } from "./asking/dropping.js"
import { Question } from "./asking/question.js"
import { SKILLS } from "./asking/skills.js"
import { Connection } from "./line/connection.js"
import { Ahead } from "./looking/ahead.js"
import { Camera } from "./looking/camera.js"
import { Looking } from "./looking/looking.js"
import { Sources } from "./looking/sources.js"
import { Stage } from "./looking/stage.js"
import { Announcer } from "./page/announcer.js"
import { DemoBanner } from "./page/demo_banner.js"
import { Header } from "./page/header.js"
import { Keyboard } from "./page/keyboard.js"
import { ModelFacts } from "./page/model_facts.js"
import { ModelReport } from "./page/model_report.js"
import { OfflineBanner } from "./page/offline_banner.js"
import { offerSingleKeys } from "./page/single_keys.js"
import { Waking } from "./page/waking.js"
import { followVisibleHeight } from "./plain/viewport.js"

const element = (id) => document.getElementById(id)
const limit = (name) => Number(document.body.dataset[name])

const frameLimits = { maxFrameBytes: limit("maxFrameBytes"), maxFramePixels: limit("maxFramePixels") }

const connection = new Connection()
const announcer = new Announcer(element("announcer"))
const header = new Header(element("status"))
const report = new ModelReport({
  header,
  facts: new ModelFacts(element("facts"), element("status")),
  waking: new Waking(element("waking"), element("waking-stage-template")),
  demoBanner: new DemoBanner(element("demo-banner")),
  trouble: element("model-failed"),
})
const offlineBanner = new OfflineBanner({ banner: element("offline-banner"), retry: element("reconnect"), announcer })

const stage = new Stage(element("stage"))
const looking = new Looking({
  stage,
  camera: new Camera(element("stage").querySelector("video")),
  sources: new Sources({
    menu: element("sources"),
    cameras: element("sources-cameras"),
    buttons: [element("source"), element("source-brief")],
  }),
  file: element("picture-file"),
  limits: frameLimits,
})
const answers = new Answers({
  list: element("answers"),
  template: element("card-template"),
  count: element("answers-count"),
  empty: element("empty"),
})
const ahead = new Ahead({
  see: () => looking.see(),
  isIdle: () => connection.isOpen && report.isReady && answers.activity === null,
  limits: frameLimits,
})
const question = new Question({
  form: element("question"),
  text: element("question-text"),
  ask: element("ask"),
  stop: element("stop"),
  note: element("question-note"),
  suggestions: element("suggestions"),
  maxChars: { question: limit("maxQuestionChars"), object: limit("maxObjectChars") },
})
const asking = new Asking({ question, takeFrame: () => ahead.take(), isConnected: () => connection.isOpen })

// Asking and answers

question.addEventListener("typed", () => ahead.typed())
question.addEventListener("refused", ({ detail }) => announcer.say(detail))

asking.addEventListener("asked", ({ detail: request }) => {
  const card = answers.add(request)
  if (request.frame.source === null) return
  stage.forgetFound()
  flyFrame(card.frame, stage.bounds).catch(reportError)
})
asking.addEventListener("send", async ({ detail }) => {
  if (!await connection.ask(detail)) breakOff()
})
asking.addEventListener("cancel", ({ detail }) => connection.cancel(detail))
asking.addEventListener("answered", ({ detail }) => answers.response(detail))

answers.addEventListener("again", ({ detail }) => asking.askAgain(detail))
answers.addEventListener("stop", ({ detail }) => asking.stop(detail))
answers.addEventListener("found", ({ detail: { request, places } }) => {
  stage.showFound(request.object, places, request.frame.source)
})
answers.addEventListener("finished", ({ detail }) => announcer.say(detail))
answers.addEventListener("copied", () => announcer.say("Copied."))
answers.addEventListener("change", () => {
  header.showActivity(answers.activity)
  stage.showActivity(answers.activity)
  question.showActivity(answers.activity)
})

ahead.addEventListener("look", ({ detail }) => connection.look(detail))
ahead.addEventListener("unneeded", ({ detail }) => connection.cancel(detail))

// Model and connection

function allowAsking() {
  question.allow(connection.isOpen && looking.canSee)
}

function breakOff() {
  asking.giveUp()
  answers.connectionLost()
}

for (const name of ["waiting", "started", "token", "found"]) {
  connection.addEventListener(name, ({ detail }) => answers[name](detail))
}
connection.addEventListener("response", ({ detail }) => asking.finish(detail))
connection.addEventListener("looked", ({ detail }) => ahead.looked(detail))
connection.addEventListener("status", ({ detail: status }) => {
  report.show(status)
  answers.isModelReady = report.isReady
  question.offer(status)
})
connection.addEventListener("restored", () => {
  offlineBanner.hide()
  report.connected()
  allowAsking()
})
connection.addEventListener("lost", () => {
  offlineBanner.show()
  report.disconnected()
  breakOff()
  allowAsking()
})
connection.addEventListener("retrying", ({ detail }) => offlineBanner.count(detail))
offlineBanner.addEventListener("retry", () => connection.open())
report.addEventListener("woke", () => announcer.say("The model is ready."))

// What it looks at

looking.addEventListener("change", () => allowAsking())
looking.addEventListener("opened", () => question.focusUnlessTouch())
looking.addEventListener("refused", ({ detail }) => question.warn(detail))
takeDropped((file) => looking.usePicture(file))

// Keys

const showKeys = () => element("keys").showModal()
const choices = Object.keys(SKILLS).map((skill, index) => [index + 1, () => { question.skill = skill }])
const keyboard = new Keyboard({
  keys: {
    ...Object.fromEntries(choices),
    "/": () => question.focus(),
    c: () => answers.copyNewest(),
    r: () => answers.askNewestAgain(),
    "?": showKeys,
  },
  escapes: [() => asking.stopAll(), () => question.retreat()],
  step: (direction) => answers.step(direction),
  isElsewhere: () => document.querySelector("dialog[open], :popover-open") !== null,
})

element("help").addEventListener("click", showKeys)
offerSingleKeys(element("single-keys"), keyboard)
followVisibleHeight()
connection.open()
await looking.start()
