// Finds the elements of the page and makes its parts; what they tell each other is in wires/.
import { Answers } from "./answers/answers.js"
import { FindHere } from "./answers/find_here.js"
import { Asking } from "./asking/asking.js"
import { Question } from "./asking/question.js"
import { requestOfBefore, requestOfKept } from "./asking/requests.js"
import { ASK, FIND, titleOf, VERBS } from "./asking/skills.js"
import { AnswersHeader } from "./history/answers_header.js"
import { CardMenu } from "./history/card_menu.js"
import { History } from "./history/history.js"
import { KeptList } from "./history/kept_list.js"
import { Connection } from "./line/connection.js"
import { GLANCE } from "./live/gate.js"
import { Keeping } from "./live/keeping.js"
import { Looks } from "./live/looks.js"
import { Watch } from "./live/watch.js"
import { Ahead } from "./looking/ahead.js"
import { Darkroom } from "./looking/darkroom.js"
import { Looking } from "./looking/looking.js"
import { Stage } from "./looking/stage.js"
import { Announcer } from "./page/announcer.js"
import { Header } from "./page/header.js"
import { ModelReport } from "./page/model_report.js"
import { OfflineBanner } from "./page/offline_banner.js"
import { Pointing } from "./pointing/pointing.js"
import { Settings } from "./settings/settings.js"
import { Sharing } from "./sharing/sharing.js"
import { Tray } from "./tray/tray.js"
import { Upstream } from "./upstream/upstream.js"

export const element = (id) => document.getElementById(id)
const elements = (ids) => Object.fromEntries(Object.entries(ids).map(([name, id]) => [name, element(id)]))
const limit = (name) => Number(document.body.dataset[name])

export const webhook = { host: document.body.dataset.alertHost, hasFrames: document.body.dataset.alertFrames === "true" }
const maxChars = { question: limit("maxQuestionChars"), object: limit("maxObjectChars") }
const frameLimits = { maxFrameBytes: limit("maxFrameBytes"), maxFramePixels: limit("maxFramePixels") }

export const connection = new Connection()
export const announcer = new Announcer(element("announcer"))
export const header = new Header(element("status"))
export const report = new ModelReport({
  ...{ header, facts: elements({ menu: "facts", button: "status" }) },
  waking: elements({ card: "waking", template: "waking-stage-template" }),
  choosing: elements({ card: "choosing", template: "choosing-template" }),
  ...elements({ demoBanner: "demo-banner", trouble: "model-failed", newer: "newer", deleting: "deleting", note: "device-note" }),
})
export const offlineBanner = new OfflineBanner({ banner: element("offline-banner"), retry: element("reconnect"), announcer })

export const stage = new Stage(element("stage"))
const VIEWS = ["video", "network", "screen", "film", "still"]
export const looking = new Looking({
  ...{ stage, darkroom: new Darkroom(document.body.dataset.darkroom) },
  views: Object.fromEntries(VIEWS.map((name) => [name, element("stage").querySelector(`.stage__${name}`)])),
  sheet: {
    ...elements({ sheet: "sources", template: "source-template" }),
    ...{ buttons: ["source", "source-brief"].map(element), names: JSON.parse(document.body.dataset.cameras) },
  },
  strips: elements({ rewind: "strip", film: "strip-film", pictures: "strip-pictures" }),
  ...{ closer: element("closer"), files: elements({ picture: "picture-file", film: "film-file" }), limits: frameLimits },
})
export const pointing = new Pointing({
  ...elements({ picture: "picture", svg: "pointed", chip: "chip", cross: "cross" }),
  see: () => looking.see(),
})
export const tray = new Tray({
  ...{ parts: elements({ tray: "tray", hint: "tray-hint" }), template: element("tray-template") },
  sizeOf: (picture) => looking.sizeOf(picture),
})
export const upstream = new Upstream({
  parts: elements({ sheet: "model", button: "status", template: "check-template" }),
  ...{ measure: (sizes) => looking.measure(sizes), skills: VERBS },
})
export const settings = new Settings({
  parts: elements({ sheet: "settings", button: "settings-button", template: "suggestion-template" }),
  maxChars: maxChars.question,
})
export const answers = new Answers(elements({ list: "answers", template: "card-template", empty: "empty" }))
export const findHere = new FindHere({ button: element("find-here"), cards: answers, maxChars: maxChars.object })
export const history = new History({
  skills: Object.keys(VERBS),
  bounds: () => ({ maxBytes: settings.values.keptBytes, maxDays: settings.values.keptDays }),
})
export const answersHeader = new AnswersHeader({
  ...elements({ count: "answers-count", kept: "answers-kept", opener: "search-open", search: "search" }),
  ...elements({ menu: "answers-menu", told: "answers-told", file: "answers-file", group: "settings-kept" }),
})
export const keptList = new KeptList({
  ...{ history, answers, requestOf: requestOfBefore },
  ...elements({ end: "answers-end", undone: "undone-template" }),
})
export const cardMenu = new CardMenu(element("card-menu"))
export const ahead = new Ahead({
  ...{ see: () => looking.see(), limits: frameLimits },
  isIdle: () => connection.isOpen && report.isReady && answers.activity === null && !keeping.isOn,
})
export const question = new Question({
  ...elements({ form: "question", text: "question-text", ask: "ask", stop: "stop", note: "question-note" }),
  ...{ ...elements({ once: "ask-once", suggestions: "suggestions" }), maxChars },
})
export const asking = new Asking({ question, takeFrame: () => ahead.take(), isConnected: () => connection.isOpen })

export const looks = new Looks({ glance: () => looking.glance(GLANCE), takeFrame: () => looking.takeFrame(), sleepReason })
export const keeping = new Keeping({
  looks,
  parts: {
    ...elements({ list: "answers", template: "live-template", rowTemplate: "live-row-template", view: "view" }),
    ...{ ...elements({ pace: "pace", words: "full-screen" }), switches: ["keep-looking", "keep-looking-brief"].map(element) },
  },
  ...{ openCard, wanted: wantedToKeep },
})
export const watch = new Watch({
  looks,
  parts: {
    ...{ ...elements({ sheet: "watch", door: "source-brief" }), bells: ["bell", "bell-brief"].map(element) },
    templates: elements({ form: "rule-form-template", rule: "rule-template", told: "told-template" }),
  },
  ...{ skills: { question: ASK, object: FIND }, maxChars, webhook, announcer: new Announcer(element("alerter")) },
})
export const sharing = new Sharing({
  ...{ toggle: element("share"), note: element("share-note"), signs: ["sign", "sign-line"].map(element) },
  source: looking,
})

// Why nobody can look now, null where one can.
function sleepReason() {
  if (document.hidden) return "hidden"
  if (!connection.isOpen) return "connection"
  if (!report.isReady) return "model"
  return looking.whyBlind
}

function wantedToKeep() {
  const asked = looking.isPicture || looking.isTogether ? null : question.wantedNow()
  return asked && { asked, title: titleOf(asked) }
}

function openCard(said) {
  return answers.open(requestOfKept(said), { text: said.sentence, places: said.places })
}
