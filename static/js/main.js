// Finds the elements, makes the parts and connects them. Nothing else on the page knows another part.
import { Ahead } from "./looking/ahead.js"
import { Answers } from "./answers/answers.js"
import { Camera } from "./looking/camera.js"
import { Connection } from "./line/connection.js"
import { DemoBanner } from "./page/demo_banner.js"
import { takeDropped } from "./asking/dropping.js"
import { flyFrame } from "./answers/flight.js"
import { drawFrame, encodeFrame, FrameRejected } from "./looking/frame.js"
import { Header } from "./page/header.js"
import { newId } from "./plain/ids.js"
import { Keyboard } from "./page/keyboard.js"
import { recall, remember } from "./plain/memory.js"
import { ModelFacts } from "./page/model_facts.js"
import { Question } from "./asking/question.js"
import { offerSingleKeys } from "./page/single_keys.js"
import { Sources } from "./looking/sources.js"
import { Stage } from "./looking/stage.js"
import { followVisibleHeight } from "./plain/viewport.js"
import { Waking } from "./page/waking.js"

const element = (id) => document.getElementById(id)

const limits = {
  maxFrameBytes: Number(document.body.dataset.maxFrameBytes),
  maxFramePixels: Number(document.body.dataset.maxFramePixels),
}
const SOURCE_NAMES = { off: "Camera off", asking: "Camera off", starting: "Camera", live: "", picture: "Picture" }

const header = new Header(element("status"))
const facts = new ModelFacts(element("facts"), element("status"))
const demoBanner = new DemoBanner(element("demo-banner"))
const stage = new Stage(element("stage"))
const camera = new Camera(element("stage").querySelector("video"))
const sources = new Sources({
  menu: element("sources"),
  cameras: element("sources-cameras"),
  buttons: [element("source"), element("source-brief")],
  label: element("source").querySelector(".source__label"),
})
const waking = new Waking(element("waking"), element("waking-stage-template"))
const answers = new Answers({
  list: element("answers"),
  template: element("card-template"),
  count: element("answers-count"),
})
const connection = new Connection()
const question = new Question({
  form: element("question"),
  text: element("question-text"),
  ask: element("ask"),
  stop: element("stop"),
  note: element("question-note"),
  suggestions: element("suggestions"),
  maxChars: {
    question: Number(document.body.dataset.maxQuestionChars),
    object: Number(document.body.dataset.maxObjectChars),
  },
})

const ahead = new Ahead(() => isIdle() ? drawNow() : null, limits)

let modelStatus = null

// Asking

// asked: { skill }, with a question for Ask and an object for Find and Point.
async function ask(asked) {
  if (!stage.picture) return question.refuse()
  try {
    const drawn = drawNow()
    const frame = ahead.sameAs(drawn) ?? await encodeFrame(drawn, limits)
    stage.forgetFound()
    const card = await send({ ...asked, frame })
    flyFrame(card.frame, stage.bounds).catch(reportError)
    question.keepSelected()
  } catch (error) {
    if (!(error instanceof FrameRejected)) throw error
    question.warn(error.message)
  }
}

// What is found in a frame of another moment is no longer where the stage shows it.
async function askAgain(request) {
  if (connection.isOpen) await send({ ...request, frame: { ...request.frame, source: null } })
  else question.refuse()
}

async function send(asked) {
  const request = { ...asked, id: newId() }
  const card = answers.add(request)
  await deliver(request)
  return card
}

async function deliver(request) {
  if (!await connection.ask(request)) answers.connectionLost()
}

function finish(response) {
  const request = answers.requestOf(response.id)
  const isForgotten = request?.frame.frameId && response.isFrameForgotten
  if (!isForgotten) return answers.response(response)
  // The server keeps this frame no longer: it gets the picture once more, and nobody notices.
  request.frame.frameId = null
  deliver(request).catch(reportError)
}

function drawNow() {
  return { ...drawFrame(stage.picture, sources.detail, limits), source: stage.source }
}

// Whether the model has nothing better to do for this page than to look ahead.
function isIdle() {
  return connection.isOpen && modelStatus?.state === "ready" && answers.activity === null && stage.picture !== null
}

function stopAll() {
  const ids = answers.runningIds
  for (const id of ids) connection.cancel(id)
  return ids.length > 0
}

// Screen readers hear each sentence once: a new element is announced, even with the same words.
function announce(sentence) {
  const line = Object.assign(document.createElement("span"), { textContent: sentence })
  element("announcer").replaceChildren(line)
}

function allowAsking() {
  question.allow(connection.isOpen && stage.picture !== null)
}

question.addEventListener("ask", ({ detail }) => ask(detail))
question.addEventListener("stop", stopAll)
question.addEventListener("typed", () => ahead.typed())
question.addEventListener("refused", ({ detail }) => announce(detail))

answers.addEventListener("again", ({ detail }) => askAgain(detail))
answers.addEventListener("stop", ({ detail }) => connection.cancel(detail))
answers.addEventListener("found", ({ detail: { request, places } }) => {
  if (request.frame.source === stage.source) stage.showFound(request.object, places)
})
answers.addEventListener("finished", ({ detail }) => announce(detail))
answers.addEventListener("copied", () => announce("Copied."))
answers.addEventListener("change", () => {
  const { activity } = answers
  header.showActivity(activity)
  stage.showActivity(activity === "waiting" ? "looking" : activity)
  question.showAnswering(activity === "looking" || activity === "answering")
  showEmpty()
})

// Model and connection

function showEmpty() {
  element("empty").hidden = answers.size > 0 || modelStatus?.state !== "ready"
}

function showStatus(status) {
  const wasLoading = modelStatus?.state === "loading"
  modelStatus = status
  answers.isModelReady = status.state === "ready"
  header.showModel(status)
  facts.show(status)
  waking.show(status)
  question.offer({ isDemo: status.isDemo })
  element("model-failed").hidden = status.state !== "failed"
  element("model-failed").querySelector(".trouble__reason").textContent = status.error ?? ""
  showDemoBanner()
  showEmpty()
  if (wasLoading && status.state === "ready") announce("The model is ready.")
}

function showDemoBanner() {
  if (modelStatus?.isDemo && connection.isOpen) demoBanner.show(modelStatus.notice)
  else demoBanner.hide()
}

connection.addEventListener("status", ({ detail }) => showStatus(detail))
connection.addEventListener("response", ({ detail }) => finish(detail))
connection.addEventListener("looked", ({ detail }) => ahead.looked(detail))
for (const name of ["waiting", "started", "token", "found"]) {
  connection.addEventListener(name, ({ detail }) => answers[name](detail))
}

ahead.addEventListener("look", ({ detail }) => connection.look(detail))
ahead.addEventListener("unneeded", ({ detail }) => connection.cancel(detail))

connection.addEventListener("restored", () => {
  const wasLost = !element("offline-banner").hidden
  element("offline-banner").hidden = true
  if (wasLost) announce("Connected again.")
  showDemoBanner()
  allowAsking()
})

connection.addEventListener("lost", () => {
  if (element("offline-banner").hidden) announce("Connection lost. Your question and every answer are kept.")
  element("offline-banner").hidden = false
  header.showOffline()
  facts.close()
  answers.connectionLost()
  showDemoBanner()
  allowAsking()
})

connection.addEventListener("retrying", ({ detail: leftS }) => {
  const words = leftS > 0 ? `Trying again in ${leftS} s.` : "Trying again."
  element("offline-banner").querySelector(".banner__why").textContent = words
})

element("reconnect").addEventListener("click", () => connection.open())

// What it looks at

async function usePicture(file) {
  if (!file) return showSource()
  if (await stage.showPicture(file)) camera.turnOff()
  else question.warn("This file is not a picture that the browser can read. Choose another.")
  showSource()
}

async function showSource() {
  const current = stage.state === "live" ? camera.deviceId : stage.state === "picture" ? "picture" : "off"
  sources.showCameras(await camera.cameras(), current)
  const name = stage.state === "live" ? camera.label : SOURCE_NAMES[stage.state] ?? "No camera"
  sources.showName(stage.picture ? `${name}, ${sources.detail}` : name)
}

const choosePicture = () => element("picture-file").click()

camera.addEventListener("change", () => stage.showCamera(camera.state))
camera.addEventListener("devices", showSource)

stage.addEventListener("change", () => {
  allowAsking()
  showSource()
  if (stage.state !== "live") return
  remember("camera", camera.deviceId)
  question.focusUnlessTouch()
})
stage.addEventListener("open-camera", () => camera.open())
stage.addEventListener("use-picture", choosePicture)
stage.addEventListener("choose-camera", () => sources.open())

sources.addEventListener("camera", ({ detail }) => camera.open(detail))
sources.addEventListener("picture", choosePicture)
sources.addEventListener("off", () => {
  stage.showCamera("starting")
  camera.turnOff()
})
sources.addEventListener("detail", showSource)

element("picture-file").addEventListener("change", async ({ target }) => {
  await usePicture(target.files[0])
  target.value = ""
})
element("picture-file").addEventListener("cancel", showSource)

takeDropped(usePicture)

// Keys

function does(action) {
  action()
  return true
}

const showKeys = () => element("keys").showModal()

const keyboard = new Keyboard({
  keys: {
    "/": () => question.focus(),
    1: () => { question.skill = "query" },
    2: () => { question.skill = "caption" },
    3: () => { question.skill = "detect" },
    4: () => { question.skill = "point" },
    c: () => answers.newest?.text && answers.copy(answers.newest),
    r: () => answers.newest && askAgain(answers.newest.request),
    "?": showKeys,
  },
  escapes: [
    () => stopAll(),
    () => question.hasFocus && !question.isEmpty && does(() => question.clear()),
    () => question.hasFocus && does(() => question.leave()),
  ],
  step: (direction) => answers.step(direction),
  isElsewhere: () => document.querySelector("dialog[open], :popover-open") !== null,
})

element("help").addEventListener("click", showKeys)
offerSingleKeys(element("single-keys"), keyboard)
followVisibleHeight()
connection.open()
await camera.start(recall("camera"))
