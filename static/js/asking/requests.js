// What is asked, as a request that says all its card needs, whoever asked it:
// { id, skill, question or object, frame, title, isFinding, proof }, and what is told of it besides.
import { newId } from "../plain/ids.js"
import { ASK, FIND, isFinding, proofOf, SKILLS, titleOf } from "./skills.js"

// What a person asks of a frame: { skill, question or object }.
export function requestOf({ skill, question, object }, frame) {
  const asked = { skill, question, object }
  return { id: newId(), ...asked, title: titleOf(asked), isFinding: isFinding(asked), proof: proofOf(asked), frame }
}

// A sentence of a question that is kept answered.
export function requestOfKept({ asked, title, frame, since: askedAt }) {
  return { ...requestOf(asked, frame), title, proof: null, askedAt }
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
