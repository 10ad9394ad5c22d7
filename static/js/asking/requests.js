// What is asked, as a request that says all its card needs, whoever asked it:
// { id, skill, question or object, frame, title, isFinding, proof }, and what is told of it besides.
import { newId } from "../plain/ids.js"
import { ASK, FIND, isFinding, proofOf, SKILLS, titleOf } from "./skills.js"

// What a person asks of a frame: { skill, question or object }, isReasoning where the model shall think first, and
// spatialRefs, the places that a question speaks of, if any.
// proves: which answer is checked by it, { id, kind }, if any; finds: the skill that looks for what was answered then.
export function requestOf({ skill, question, object, isReasoning = false, spatialRefs = [], proves, finds }, frame) {
  const refs = skill === ASK && spatialRefs.length > 0 ? { spatialRefs } : {}
  const asked = { skill, question, object, ...isReasoning && { isReasoning }, ...refs }
  const said = { title: titleOf(asked), isFinding: isFinding(asked), proof: proofOf(asked) }
  return { id: newId(), ...asked, ...said, frame, ...proves && { proves }, ...finds && { finds } }
}

// A sentence of a question that is kept answered.
export function requestOfKept({ asked, title, frame, since: askedAt }) {
  return { ...requestOf(asked, frame), title, proof: null, askedAt }
}

// An answer of before, as it was kept: { id, askedAt, asked, title, alert }.
export function requestOfBefore({ id, askedAt, asked, title, alert }, frame) {
  const request = { ...requestOf(asked, frame), id, askedAt, title }
  return alert ? { ...request, alert, proof: null } : request
}

// What a rule told.
export function requestOfAlert(id, { name: title, kind, question, object, text, told, frame, toldAt: askedAt }) {
  const asked = kind === "object" ? { skill: FIND, object } : { skill: ASK, question }
  return { ...requestOf(asked, frame), id, title, proof: null, alert: { words: text, told: `${told}.` }, askedAt }
}

// What a program wants to know of the frame that it got; some ask nothing and take it with them.
export function requestOfProgram({ asked, frame }) {
  const { id, skill } = asked
  if (skill in SKILLS) return { ...requestOf(asked, frame), id, program: "A program asked" }
  const said = { title: "Took this picture", isFinding: false, proof: null }
  return { id, ...said, frame, isLook: true, program: "A program looked" }
}
