// What several of the wires do: it takes more than one part.
import { Offer } from "../asking/offer.js"
import { FIND } from "../asking/skills.js"
import {
  answers, asking, connection, findHere, header, keeping, looking, looks, question, settings, stage, tray, upstream,
  watch,
} from "../parts.js"

// One stands where the answers stand.
export const sheets = [watch, upstream, settings, looking.sheet]

// Where a sheet stands, answers stand. Returns whether there was one.
export function showAnswers() {
  return sheets.some((sheet) => sheet.retreat())
}

// What can be asked of the model, and what is suggested: its own, or a person's.
export function offer() {
  const { status, missing, note, wishes } = upstream
  const offered = { isDemo: status?.isDemo, missing, note, own: settings.values.suggestions, nTogether: tray.size }
  question.offer(offered)
  findHere.isOffered = question.offers(FIND)
  settings.follow({ suggested: new Offer(offered).usual, isUpstream: wishes !== null })
}

// One step of Escape: what is being answered, then what is kept answered.
export function stopAll() {
  return asking.stopAll() || keeping.stop()
}

export function showActivity() {
  header.showActivity(answers.activity ?? (keeping.activity === "off" ? null : "looking"), watch.nAwake)
}

export function showLooking() {
  keeping.showSwitch({ isOffered: !looking.isPicture && !looking.isTogether })
  const isWatching = keeping.activity === "off" && watch.nAwake > 0
  stage.showLive(isWatching ? "looking" : keeping.activity)
  showActivity()
}

export function allowAsking() {
  question.allow(connection.isOpen && looking.canSee, { about: looking.about, isNow: !looking.isApart })
}

// Nothing that was sent will be answered any more.
export function breakOff() {
  upstream.giveUp()
  asking.giveUp()
  answers.connectionLost()
  looks.giveUp()
}
