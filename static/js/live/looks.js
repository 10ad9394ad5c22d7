// The loop: one frame on its way at a time. Whoever wants to know something about what is seen now is
// answered about the same frame, one after the other, and only then the next frame is taken: there is no
// queue to fall behind, and no answer about an old frame.
import { newId } from "../plain/ids.js"
import { Refusal } from "../plain/refusal.js"

const GLANCE_INTERVAL_MS = 100
const FIRST_RETRY_MS = 1000
const LONGEST_RETRY_MS = 30_000
const LONGEST_WISH_MS = 600_000

// An asker has
//   wants({ glance, now }): what it wants to know about a frame of this moment, [] while nothing;
//   answered({ asked, response, frame, glance, now }): once for each, in order;
//   slept({ why, since }) and woke(): nothing can be looked at, why: "hidden", "model", "connection",
//     "camera", "frozen", "black";
//   troubled({ sentence, retryAt }): this look failed, and when the next is tried.
// asked: { skill, question or object, choices? } and what else the asker wants to have back.
// Tells "send" with a request that is to be answered, and "cancel" with the id of one nobody waits for.
export class Looks extends EventTarget {
  #glance
  #takeFrame
  #sleepReason
  #askers = []
  #timer = null
  #round = null
  #sleep = null
  #failures = 0
  #retryAt = 0
  #waitMs = 0

  // glance: promises a small picture of this moment, RGBA, null while there is nothing to see; takeFrame: the
  // frame of this moment, null or a Refusal where there is none; sleepReason: why it cannot look now, or null.
  constructor({ glance, takeFrame, sleepReason }) {
    super()
    this.#glance = glance
    this.#takeFrame = takeFrame
    this.#sleepReason = sleepReason
  }

  // Looks for this asker from now on.
  add(asker) {
    if (this.#askers.includes(asker)) return
    this.#askers.push(asker)
    if (this.#sleep) asker.slept(this.#sleep)
    this.#timer ??= setInterval(() => this.check(), GLANCE_INTERVAL_MS)
    this.check()
  }

  // What it waits for is cancelled, within one token.
  remove(asker) {
    this.#askers = this.#askers.filter((each) => each !== asker)
    if (this.#round?.waiting?.asker === asker) this.#cancel()
    if (this.#askers.length > 0) return
    clearInterval(this.#timer)
    this.#timer = null
    this.#sleep = null
  }

  // What an asker waits for is no longer what it wants to know.
  renew(asker) {
    if (this.#round?.waiting?.asker === asker) this.#cancel()
    this.lookNow()
  }

  // Tries again at once what would be tried later.
  lookNow() {
    this.#retryAt = 0
    this.check()
  }

  // Takes the next frame, if somebody wants one and nothing is in the way.
  check() {
    if (this.#askers.length === 0 || this.#isAsleep() || this.#round || this.#isBackingOff()) return
    this.#look()
  }

  started({ id, frameId }) {
    if (id === this.#round?.waiting?.id) this.#round.frame.frameId = frameId
  }

  // Returns whether the response was to a look.
  finish(response) {
    const waiting = this.#round?.waiting
    if (response.id !== waiting?.id) return false
    this.#round.waiting = null
    waiting.resolve(response)
    return true
  }

  // Nothing that was sent will be answered.
  giveUp() {
    this.#round?.waiting?.resolve(null)
    this.#round = null
    this.check()
  }

  async #look() {
    const round = { frame: null, waiting: null }
    this.#round = round
    let wanted = []
    try {
      const glance = await this.#glance()
      // It may have been given up meanwhile, or have fallen asleep.
      if (glance && round === this.#round && !this.#isAsleep()) wanted = this.#wantedOf(glance)
      if (wanted.length > 0) round.frame = await this.#takeFrame()
      if (round.frame) await this.#askAll(wanted, round, glance)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      this.#fail(error.message)
    } finally {
      if (this.#round === round) this.#round = null
    }
    if (wanted.length > 0) this.check()
  }

  #wantedOf(glance) {
    const now = Date.now()
    return this.#askers.flatMap((asker) => asker.wants({ glance, now }).map((asked) => ({ asker, asked })))
  }

  async #askAll(wanted, round, glance) {
    for (const { asker, asked } of wanted) {
      if (!this.#askers.includes(asker)) continue
      const response = await this.#ask(asker, asked, round)
      if (round !== this.#round || response === null) return
      if (!this.#askers.includes(asker)) continue
      if (response.error) return this.#fail(response.error, response.retryAfterS)
      this.#failures = 0
      asker.answered({ asked, response, frame: round.frame, glance, now: Date.now() })
    }
  }

  async #ask(asker, asked, round) {
    const response = await this.#send(asker, asked, round)
    if (!response?.isFrameForgotten) return response
    round.frame.frameId = null
    return this.#send(asker, asked, round)
  }

  #send(asker, { skill, question, object, choices }, round) {
    const id = newId()
    const request = { id, skill, question, object, choices, isLive: true, frame: round.frame }
    return new Promise((resolve) => {
      round.waiting = { id, asker, resolve }
      this.#tell("send", request)
    })
  }

  // The frame in question is given up with its answer: the next one is newer.
  #cancel() {
    const { id, resolve } = this.#round.waiting
    this.#round = null
    resolve(null)
    this.#tell("cancel", id)
  }

  // retryAfterS: when whoever answers wants to be asked again, where it said so; never sooner than that.
  #fail(sentence, retryAfterS = null) {
    const ownMs = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#failures)
    this.#waitMs = Math.max(ownMs, Math.min(LONGEST_WISH_MS, 1000 * retryAfterS))
    this.#failures += 1
    this.#retryAt = Date.now() + this.#waitMs
    for (const asker of this.#askers) asker.troubled({ sentence, retryAt: this.#retryAt })
  }

  // A clock that was put back must not keep it waiting.
  #isBackingOff() {
    const leftMs = this.#retryAt - Date.now()
    return leftMs > 0 && leftMs <= this.#waitMs
  }

  #isAsleep() {
    const why = this.#sleepReason()
    if (why !== (this.#sleep?.why ?? null)) {
      this.#sleep = why && { why, since: Date.now() }
      for (const asker of this.#askers) {
        if (why) asker.slept(this.#sleep)
        else asker.woke()
      }
      if (!why) this.#retryAt = 0
    }
    return why !== null
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }))
  }
}
