// What can be asked of the model that answers: its skills, and what is suggested.
import {
  ASK, DEMO_SUGGESTIONS, MARK_SUGGESTIONS, SKILLS, suggestionOf, SUGGESTIONS, suggestionsTogether, titleOf,
} from "./skills.js"

export class Offer {
  // What has to be known of the model before anything is asked, "" for nothing.
  note
  #missing
  #isDemo
  #own
  #nTogether

  // missing: skills that the model has not; own: what a person suggests, null for what suits the model; nTogether: how
  // many pictures are asked about together.
  constructor({ isDemo = false, missing = {}, note = "", own = null, nTogether = 0 } = {}) {
    this.#nTogether = nTogether
    this.#isDemo = isDemo
    this.#own = own
    this.#missing = missing
    this.note = note
  }

  // Something can always be asked: what comes of it says why not.
  has(skill) {
    return skill === ASK || !(skill in this.#missing)
  }

  // The first, second … skill of those that are offered, undefined where there are fewer.
  nth(n) {
    return Object.keys(SKILLS).filter((skill) => this.has(skill))[n - 1]
  }

  // As they are asked: { skill, question }.
  get suggestions() {
    if (this.#nTogether > 1) return suggestionsTogether(this.#nTogether)
    return this.#own?.map(suggestionOf).filter(({ skill }) => this.has(skill)) ?? this.#suited
  }

  // What is suggested of a part of the picture that is marked.
  get ofMark() {
    return MARK_SUGGESTIONS.filter(({ finds = ASK }) => this.has(finds))
  }

  // What suits the model, as a person would write it.
  get usual() {
    return this.#suited.map(titleOf)
  }

  get #suited() {
    return (this.#isDemo ? DEMO_SUGGESTIONS : SUGGESTIONS).filter(({ skill }) => this.has(skill))
  }
}
