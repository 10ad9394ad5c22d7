// What is said of a model while it loads: { title, amount, left, stages, way }. Each stage is { label, side }, where side
// is -1 for one that is over, 0 for the current one and 1 for one to come; `told` stands at the end of one that is over.
import { age, amount, amountOf, listed, storage } from "../plain/words.js"

const DONE_VERBS = { downloading: "downloaded", reading: "read" }
const OF_SERVER = ["finding", "downloading", "reading", "warming"]
const OF_TAB = ["finding", "downloading", "reading", "comparing"]

// On the server. seen: { hasDownloaded, leftMs }.
export function wordsOfServer(status, progress, { hasDownloaded, leftMs }) {
  if (status.cluster) return { title: waitingWords(status.cluster), amount: "", left: "", stages: [] }
  const { stage, done, total, bytesPerS } = progress
  const { upstream } = status
  const speed = bytesPerS ? `, at ${amount(bytesPerS)} a second` : ""
  const current = OF_SERVER.indexOf(stage)
  const labels = {
    finding: current > 0 ? "Found on this computer" : "Looking on this computer",
    downloading: current > 1 ? "Downloaded" : "Downloading",
    reading: `Reading ${nameOf(status)}`,
    warming: "Warming up",
  }
  // What was downloaded was not found here: the one line takes the place of the other.
  const shown = OF_SERVER.filter((each) => each !== (hasDownloaded ? "finding" : "downloading"))
  return {
    title: upstream ? `Asking ${listed(upstream.hosts)} who is there.` : "Waking the model.",
    amount: total && DONE_VERBS[stage] ? `${amountOf(done, total)} ${DONE_VERBS[stage]}.` : "",
    left: leftMs === null ? "" : `About ${age(Math.max(1000, leftMs))} left${speed}.`,
    // Of another server nothing is read: there are no stages to tell of.
    stages: upstream ? [] : staged(shown, OF_SERVER, stage, labels),
  }
}

// In this tab.
export function wordsOfTab(status, progress, { hasDownloaded, leftMs }) {
  const { stage, part, parts, trouble } = progress
  const isDownloading = stage === "downloading"
  const here = isDownloading || !hasDownloaded ? findingWords(stage, trouble, parts) : null
  const labels = {
    finding: here,
    downloading: isDownloading ? `Downloading, part ${part} of ${parts}` : `All ${parts} parts here and whole`,
    reading: `Reading ${nameOf(status)}`,
    comparing: "Comparing with recorded answers",
  }
  const shown = OF_TAB.filter((each) => (each !== "finding" || here) && (each !== "downloading" || hasDownloaded))
  const said = isDownloading ? downloadWords(status, progress, leftMs) : loadWords(stage, leftMs)
  const whole = storage(status.tab.bytes)
  const told = isDownloading || stage === "finding" ? {} : { finding: whole, downloading: whole }
  return { ...said, stages: staged(shown, OF_TAB, stage, labels, told) }
}

function findingWords(stage, trouble, parts) {
  if (stage === "downloading") return "Room found in this browser"
  if (stage !== "finding") return `All ${parts} parts here and whole`
  return trouble === "elsewhere" ? "Another tab of this page is getting it" : "Looking in this browser"
}

function downloadWords(status, { done, total, bytesPerS, trouble, waitS }, leftMs) {
  const stay = `${storage(done)} are here and stay.`
  if (trouble === "paused") {
    return { title: "The download is paused.", amount: stay, left: "", way: { words: "Go on", wish: { isPaused: false } } }
  }
  if (trouble === "broken") {
    const left = `Trying again in ${waitS} s.`
    return { title: "The download broke off.", amount: stay, left, way: { words: "Go on now", wish: { isPaused: false } } }
  }
  const speed = bytesPerS ? `${amount(bytesPerS)} a second` : ""
  const left = leftMs === null ? "" : `about ${age(Math.max(1000, leftMs))} left`
  return {
    title: `Getting ${nameOf(status)}.`,
    amount: `${storage(done)} of ${storage(total)}`,
    left: [speed, left].filter(Boolean).join(", "),
    way: { words: "Pause", wish: { isPaused: true } },
  }
}

function loadWords(stage, leftMs) {
  const left = leftMs === null ? "" : `About ${age(Math.max(1000, leftMs))} left`
  if (stage === "comparing") return { title: "Comparing.", amount: "A known picture is looked at first.", left }
  return { title: "Waking the model.", amount: "", left }
}

// As the terminal says it, too.
function waitingWords({ address, isReached }) {
  return `Waiting for ${isReached ? "a replica of the cluster" : "the cluster"} at ${address}.`
}

function staged(shown, all, stage, labels, told = {}) {
  const current = all.indexOf(stage)
  return shown.map((each) => ({ label: labels[each], side: Math.sign(all.indexOf(each) - current), told: told[each] ?? "" }))
}

function nameOf({ isDemo, model }) {
  return isDemo ? "the demo model" : model
}
