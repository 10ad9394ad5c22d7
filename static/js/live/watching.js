// The rules that are watched for: asks about each frame what they need to know, and tells when one holds.
import { newId } from "../plain/ids.js"
import { followMemory, recall, remember } from "../plain/memory.js"
import { askedOf, conditionOf, ENOUGH_RULES, MAX_RULES, readRules, writeRules } from "./rule.js"
import {
  alertOf, ANSWERS, asked, HOLD_MS, judge, newState, pastOf, requieted, restarted, troubled, verdictOf, wantsLook, wasAnswered,
} from "./rules.js"

const MEMORY = "rules"
// A slow model takes its time for each of the looks that confirm each other; a night's sleep is none.
const ROUNDS_HELD = 5
const LONGEST_HOLD_MS = 600_000

// An asker of the loop. Tells "change" when anything about a rule did, and
// "alert" with what alertOf says, an id, the frame and what was found in it.
export class Watching extends EventTarget {
  #gate
  #skills
  #maxChars
  #entries
  #sleep = { why: "starting", since: Date.now() }
  #missing = {}
  #keptFrame = null
  #roundMs = 0

  isKept = true

  // gate: its own, see gate.js; skills: { question, object }, what each kind of rule asks for;
  // maxChars: the same of their words.
  constructor({ gate, skills, maxChars }) {
    super()
    this.#gate = gate
    this.#skills = skills
    this.#maxChars = maxChars
    this.#entries = this.#read([])
  }

  // Two tabs have the same rules, and one of them tells.
  follow() {
    followMemory(MEMORY, () => {
      this.#entries = this.#read(this.#entries)
      this.#tell("change")
    })
  }

  // [{ rule, state }], in the order in which they were made.
  get entries() {
    return this.#entries
  }

  // Skills that the model has not, by name, each with the reason: rules that need one sleep.
  set missing(missing) {
    const since = Date.now()
    const reasons = Object.entries(missing).map(([skill, reason]) => [skill, { why: reason, since }])
    this.#missing = Object.fromEntries(reasons.map(([skill, sleep]) => {
      const before = this.#missing[skill]
      return [skill, before?.why === sleep.why ? before : sleep]
    }))
    this.#tell("change")
  }

  // Why one rule is not looked for: { why, since }, null while it is.
  sleepOf({ kind }) {
    return this.#missing[this.#skills[kind]] ?? this.#sleep
  }

  get nAwake() {
    return this.#awake.length
  }

  // Those that are switched on and can be looked for, asleep or not: whether there is anything to look for.
  get nOn() {
    return this.#entries.filter(({ rule }) => rule.isOn && !this.#missing[this.#skills[rule.kind]]).length
  }

  get refusal() {
    return this.#entries.length < MAX_RULES ? null : ENOUGH_RULES
  }

  // Returns whether there was room for it.
  add(rule) {
    return this.#insert({ rule, state: newState(rule, {}, Date.now()) }, this.#entries.length)
  }

  // Another rule in the place of the one with its id. What was seen stays where it is about the same.
  replace(rule) {
    this.#update(rule.id, (entry) => {
      const isSame = conditionOf(rule) === conditionOf(entry.rule)
      return { rule, state: isSame ? requieted(rule, entry.state, Date.now()) : newState(rule, {}, Date.now()) }
    })
  }

  turn(id, isOn) {
    this.#update(id, ({ rule, state }) => ({ rule: { ...rule, isOn }, state: restarted(state) }))
  }

  // Returns what `restore` takes.
  remove(id) {
    const index = this.#entries.findIndex(({ rule }) => rule.id === id)
    const entry = this.#entries[index]
    this.#entries = this.#entries.filter((each) => each !== entry)
    this.#changed()
    return { entry, index }
  }

  restore({ entry, index }) {
    return this.#insert(entry, index)
  }

  // What to ask about a frame that is taken now.
  wants({ glance, now }) {
    if (this.#sleep) this.woke()
    if (this.nAwake === 0) return []
    // The gate sees every glance: it learns from them how much noise there is.
    const isRound = this.#gate.hasNews(glance, now)
    const due = this.#awake.filter(({ rule, state }) => isRound || wantsLook(rule, state, now, this.#holdMs))
    for (const entry of due) entry.state = asked(entry.state)
    return due.map(({ rule }) => this.#asking(rule, isRound))
  }

  answered({ asked, response, frame, glance, now }) {
    if (!wasAnswered(response)) return
    this.#roundMs = Math.max(0, now - frame.takenAt)
    this.#keep(asked, frame, glance, now)
    const entry = this.#entries.find(({ rule }) => rule.id === asked.ruleId)
    // What was asked may be over by then: changed, switched off, asleep.
    if (this.#sleep || !entry?.rule.isOn || asked.condition !== conditionOf(entry.rule)) return
    const verdict = verdictOf(entry.rule, response, frame.takenAt)
    if (verdict.trouble) entry.state = troubled(entry.state, { sentence: verdict.trouble }, false)
    else this.#judge(entry, verdict, { frame, places: response.places ?? [], now })
    this.#tell("change")
  }

  // trouble: { sentence, retryAt }.
  troubled(trouble) {
    for (const entry of this.#awake) entry.state = troubled(entry.state, trouble, true)
    this.#tell("change")
  }

  slept(sleep) {
    this.#sleep = sleep
    this.#tell("change")
  }

  woke() {
    this.#sleep = null
    this.#gate.forget()
    this.#tell("change")
  }

  get #awake() {
    return this.#entries.filter(({ rule }) => rule.isOn && this.sleepOf(rule) === null)
  }

  get #holdMs() {
    return Math.min(LONGEST_HOLD_MS, Math.max(HOLD_MS, ROUNDS_HELD * this.#roundMs))
  }

  // isRound: all rules are asked about this frame.
  #asking(rule, isRound) {
    const words = rule.kind === "object" ? { object: askedOf(rule) } : { question: askedOf(rule), choices: ANSWERS }
    return { skill: this.#skills[rule.kind], ...words, ruleId: rule.id, condition: conditionOf(rule), isRound }
  }

  // Only a frame about which every rule is asked answers for what has happened since.
  #keep({ isRound }, frame, glance, now) {
    if (!isRound || frame === this.#keptFrame) return
    this.#keptFrame = frame
    this.#gate.keep(glance, now)
  }

  #judge(entry, verdict, { frame, places, now }) {
    const { isSo } = entry.state
    const { state, isAlert } = judge(entry.rule, entry.state, verdict, now, this.#holdMs)
    entry.state = state
    if (isAlert || state.isSo !== isSo) this.#write()
    if (isAlert) this.#tell("alert", { id: newId(), ...alertOf(entry.rule, verdict, now), frame, places })
  }

  #insert(entry, index) {
    if (this.refusal) return false
    this.#entries = [...this.#entries.slice(0, index), entry, ...this.#entries.slice(index)]
    this.#changed()
    return true
  }

  #update(id, change) {
    this.#entries = this.#entries.map((entry) => entry.rule.id === id ? change(entry) : entry)
    this.#changed()
  }

  // What was seen here stays, but for what another tab knows better: that it was told since.
  #read(before) {
    const now = Date.now()
    return readRules(recall(MEMORY), this.#maxChars).map(({ rule, past }) => {
      const here = before.find((entry) => entry.rule.id === rule.id)
      const isSame = here && here.rule.isOn === rule.isOn && conditionOf(here.rule) === conditionOf(rule)
      if (!isSame) return { rule, state: newState(rule, past, now) }
      const isTold = past.toldAt > here.state.toldAt
      return { rule, state: requieted(rule, isTold ? { ...here.state, ...past } : here.state, now) }
    })
  }

  #changed() {
    this.#write()
    this.#tell("change")
  }

  #write() {
    this.isKept = remember(MEMORY, writeRules(this.#entries.map(({ rule, state }) => ({ rule, past: pastOf(state) }))))
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }))
  }
}
