// What can be asked of the model that answers: its skills, and what is suggested.
import { ASK, DEMO_SUGGESTIONS, SKILLS, SUGGESTIONS } from "./skills.js"

export class Offer {
  // What has to be known of the model before anything is asked, "" for nothing.
  note
  #missing
  #isDemo

  // missing: skills that the model has not.
  constructor({ isDemo = false, missing = {}, note = "" } = {}) {
    this.#isDemo = isDemo
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
    return (this.#isDemo ? DEMO_SUGGESTIONS : SUGGESTIONS).filter(({ skill }) => this.has(skill))
  }
}
