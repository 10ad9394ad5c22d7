// Finds the elements, makes the parts and connects the rooms; decides nothing. What each room may know:
//
//   plain/    pure helpers; nothing outside of it
//   line/     who answers, a server so far: the one place that knows a socket and the names on the wire
//   asking/   what can be asked, the line it is typed into, each request until it is answered
//   looking/  what there is to see, and the frame that is taken of it
//   answers/  what came back: cards, marks and times
//   live/     what is looked at again and again: the loop, the question it keeps answered, the rules it watches for
//   sharing/  what programs may look at, while a person lets them
//   upstream/ another server that answers: which of its models, how it is asked, what it takes
//   page/     what is around them: the model, the connection, the keys
//
// A room imports its own files and plain/; line/ also the vendored socket. What one has for another goes
// through here: as an event, or as a function handed in.
import { Answers } from "./answers/answers.js"
import { flyFrame } from "./answers/flight.js"
import { Asking } from "./asking/asking.js"
import { takeDropped } from "./asking/dropping.js"
import { Question } from "./asking/question.js"
import { requestOfAlert, requestOfKept, requestOfProgram } from "./asking/requests.js"
import { ASK, FIND, titleOf, VERBS } from "./asking/skills.js"
import { Connection } from "./line/connection.js"
import { GLANCE } from "./live/gate.js"
import { Keeping } from "./live/keeping.js"
import { Looks } from "./live/looks.js"
import { Watch } from "./live/watch.js"
import { Ahead } from "./looking/ahead.js"
import { Looking } from "./looking/looking.js"
import { Stage } from "./looking/stage.js"
import { Announcer } from "./page/announcer.js"
import { Header } from "./page/header.js"
import { Keyboard } from "./page/keyboard.js"
import { ModelReport } from "./page/model_report.js"
import { OfflineBanner } from "./page/offline_banner.js"
import { offerSingleKeys } from "./page/single_keys.js"
import { newId } from "./plain/ids.js"
import { followVisibleHeight } from "./plain/viewport.js"
import { Sharing } from "./sharing/sharing.js"
import { Upstream } from "./upstream/upstream.js"

const element = (id) => document.getElementById(id)
const elements = (ids) => Object.fromEntries(Object.entries(ids).map(([name, id]) => [name, element(id)]))
const limit = (name) => Number(document.body.dataset[name])

const webhook = { host: document.body.dataset.alertHost, hasFrames: document.body.dataset.alertFrames === "true" }
const maxChars = { question: limit("maxQuestionChars"), object: limit("maxObjectChars") }
const frameLimits = { maxFrameBytes: limit("maxFrameBytes"), maxFramePixels: limit("maxFramePixels") }

const connection = new Connection()
const announcer = new Announcer(element("announcer"))
const header = new Header(element("status"))
const report = new ModelReport({
  ...{ header, facts: elements({ menu: "facts", button: "status" }) },
  waking: elements({ card: "waking", template: "waking-stage-template" }),
  choosing: elements({ card: "choosing", template: "choosing-template" }),
  ...elements({ demoBanner: "demo-banner", trouble: "model-failed", newer: "newer", deleting: "deleting", note: "device-note" }),
})
const offlineBanner = new OfflineBanner({ banner: element("offline-banner"), retry: element("reconnect"), announcer })

const stage = new Stage(element("stage"))
const looking = new Looking({
  ...{ stage, video: element("stage").querySelector("video"), file: element("picture-file"), limits: frameLimits },
  menu: { ...elements({ menu: "sources", cameras: "sources-cameras" }), buttons: ["source", "source-brief"].map(element) },
})
const upstream = new Upstream({
  parts: elements({ sheet: "model", button: "status", template: "check-template" }),
  ...{ measure: (sizes) => looking.measure(sizes), skills: VERBS },
})
const answers = new Answers(elements({ list: "answers", template: "card-template", count: "answers-count", empty: "empty" }))
const ahead = new Ahead({
  ...{ see: () => looking.see(), limits: frameLimits },
  isIdle: () => connection.isOpen && report.isReady && answers.activity === null && !keeping.isOn,
})
const question = new Question({
  ...elements({ form: "question", text: "question-text", ask: "ask", stop: "stop", note: "question-note" }),
  ...{ ...elements({ once: "ask-once", suggestions: "suggestions" }), maxChars },
})
const asking = new Asking({ question, takeFrame: () => ahead.take(), isConnected: () => connection.isOpen })

const looks = new Looks({ glance: () => looking.glance(GLANCE), takeFrame: () => looking.takeFrame(), sleepReason })
const keeping = new Keeping({
  looks,
  parts: {
    ...elements({ list: "answers", template: "live-template", rowTemplate: "live-row-template", view: "view" }),
    ...{ ...elements({ pace: "pace", words: "full-screen" }), switches: ["keep-looking", "keep-looking-brief"].map(element) },
  },
  ...{ openCard, wanted: wantedToKeep },
})
const watch = new Watch({
  looks,
  parts: {
    ...{ ...elements({ sheet: "watch", door: "source-brief" }), bells: ["bell", "bell-brief"].map(element) },
    templates: elements({ form: "rule-form-template", rule: "rule-template", told: "told-template" }),
  },
  ...{ skills: { question: ASK, object: FIND }, maxChars, webhook, announcer: new Announcer(element("alerter")) },
})
const sharing = new Sharing({
  ...{ toggle: element("share"), note: element("share-note"), signs: ["sign", "sign-line"].map(element) },
  source: looking,
})

// Asking and answers

question.addEventListener("ask", ({ detail }) => keeping.isOn ? keeping.start(detail, titleOf(detail)) : asking.ask(detail))
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

function showActivity() {
  header.showActivity(answers.activity ?? (keeping.activity === "off" ? null : "looking"), watch.nAwake)
}

// Where a sheet stands, they stand.
function showAnswers() {
  return watch.retreat() || upstream.retreat()
}

// One step of Escape: what is being answered, then what is kept answered.
function stopAll() {
  return asking.stopAll() || keeping.stop()
}

ahead.addEventListener("look", ({ detail }) => connection.look(detail))
ahead.addEventListener("unneeded", ({ detail }) => connection.cancel(detail))

// Looking again and again

function sleepReason() {
  if (document.hidden) return "hidden"
  if (!connection.isOpen) return "connection"
  if (!report.isReady) return "model"
  return looking.whyBlind
}

function wantedToKeep() {
  const asked = looking.isPicture ? null : question.wantedNow()
  return asked && { asked, title: titleOf(asked) }
}

function openCard(said) {
  return answers.open(requestOfKept(said), { text: said.sentence, places: said.places })
}

function showAlert(id, alert) {
  answers.addAnswered(requestOfAlert(id, alert), { text: alert.text, places: alert.places })
}

function showLooking() {
  keeping.showSwitch({ isOffered: !looking.isPicture })
  const isWatching = keeping.activity === "off" && watch.nAwake > 0
  stage.showLive(isWatching ? "looking" : keeping.activity)
  showActivity()
}

keeping.addEventListener("begun", showAnswers)
keeping.addEventListener("switched", () => question.showKept(keeping.isOn))
keeping.addEventListener("change", showLooking)
keeping.addEventListener("found", ({ detail: { object, places, frame } }) => stage.showFound(object, places, frame.source))
keeping.addEventListener("said", ({ detail }) => announcer.say(detail))
keeping.addEventListener("look-now", () => connection.isOpen ? looks.lookNow() : connection.open())
keeping.addEventListener("watch", ({ detail }) => watch.offer(detail.asked))

watch.addEventListener("change", showLooking)
watch.addEventListener("opened", () => upstream.close())
watch.addEventListener("open", ({ detail }) => showAlert(newId(), detail))
watch.addEventListener("told", ({ detail: alert }) => {
  if (alert.ways.page) showAlert(alert.id, alert)
  if (webhook.host) connection.alert({ ...alert, rule: alert.name, blob: webhook.hasFrames ? alert.frame.blob : null })
})

document.addEventListener("visibilitychange", () => looks.check())

// Programs

sharing.addEventListener("looked", ({ detail }) => answers.addOfProgram(requestOfProgram(detail)))
sharing.addEventListener("shown", ({ detail }) => connection.show(detail))
sharing.addEventListener("switched", () => connection.share(sharing.isOn))
sharing.addEventListener("left", () => question.focusUnlessTouch())
sharing.addEventListener("said", ({ detail }) => announcer.say(detail))

// Model and connection

for (const asker of [asking, looks]) {
  asker.addEventListener("send", async ({ detail }) => {
    if (!await connection.ask(upstream.asking(detail))) breakOff()
  })
  asker.addEventListener("cancel", ({ detail }) => connection.cancel(detail))
}

function allowAsking() {
  question.allow(connection.isOpen && looking.canSee)
}

function breakOff() {
  upstream.giveUp()
  asking.giveUp()
  answers.connectionLost()
  looks.giveUp()
}

for (const name of ["waiting", "started", "token", "found"]) {
  connection.addEventListener(name, ({ detail }) => answers[name](detail))
}
connection.addEventListener("started", ({ detail }) => looks.started(detail))
connection.addEventListener("response", ({ detail }) => [upstream, looks, asking].some((each) => each.finish(detail)))
connection.addEventListener("checked", ({ detail }) => upstream.checked(detail))
connection.addEventListener("alerted", ({ detail: { id, error } }) => error && answers.note(id, error))
connection.addEventListener("program", ({ detail }) => sharing.look(detail))
connection.addEventListener("looked", ({ detail }) => ahead.looked(detail))
connection.addEventListener("status", ({ detail }) => upstream.take(detail))
upstream.addEventListener("change", () => {
  report.show(upstream.status)
  answers.isModelReady = report.isReady
  question.offer({ isDemo: upstream.status.isDemo, missing: upstream.missing, note: upstream.note })
  watch.missing = upstream.missing
  looking.size = upstream.frameSize
})
upstream.addEventListener("check", async ({ detail }) => await connection.check(detail) || upstream.giveUp())
upstream.addEventListener("opened", () => watch.retreat())
connection.addEventListener("restored", () => {
  offlineBanner.hide()
  report.connected()
  connection.share(sharing.isOn)
  allowAsking()
  looks.check()
})
connection.addEventListener("lost", () => {
  offlineBanner.show()
  report.disconnected()
  breakOff()
  allowAsking()
})
connection.addEventListener("retrying", ({ detail: leftS }) => {
  offlineBanner.count(leftS)
  keeping.connectionLost(Date.now() + 1000 * leftS)
})
offlineBanner.addEventListener("retry", () => connection.open())
report.addEventListener("woke", () => announcer.say("The model is ready."))
report.addEventListener("wish", ({ detail }) => connection.keep(detail))
connection.addEventListener("newer", () => report.showNewer())

// What it looks at

looking.addEventListener("change", () => {
  allowAsking()
  showLooking()
  looks.check()
  sharing.follow()
})
looking.addEventListener("opened", () => watch.isOpen || upstream.isOpen || question.focusUnlessTouch())
looking.addEventListener("refused", ({ detail }) => question.warn(detail))
takeDropped((file) => looking.usePicture(file))

// Keys

const keyboard = new Keyboard({
  keys: {
    ...Object.fromEntries([1, 2, 3, 4].map((nth) => [nth, () => question.chooseSkill(nth)])),
    "/": () => question.focus(),
    l: () => keeping.toggle(),
    f: () => keeping.toggleFullScreen(),
    c: () => answers.copyNewest(),
    r: () => answers.askNewestAgain(),
    w: () => watch.open(),
    "?": () => element("keys").showModal(),
  },
  escapes: [() => keeping.retreat(), showAnswers, stopAll, () => question.retreat()],
  step: (direction) => answers.step(direction),
  isElsewhere: () => document.querySelector("dialog[open], :popover-open") !== null,
})

element("help").addEventListener("click", () => element("keys").showModal())
offerSingleKeys(element("single-keys"), keyboard)
followVisibleHeight()
connection.open()
await looking.start()
