// What the words in the line ask for.
import { objectOf, readCommand } from "../plain/command.js"
import { COMMANDS, SKILLS } from "./skills.js"

// "Find the mug" is written where questions are, and still found rather than answered.
// offers: whether the model has a skill; mark: the part of the picture that a question is about, or null.
export function askedBy(words, { skill, offers, maxObjectChars, isReasoning, mark }) {
  const { takes } = SKILLS[skill]
  if (!takes) return { skill }
  if (takes === "object") return { skill, object: objectOf(words) }
  const asked = readCommand(words, COMMANDS, maxObjectChars)
  if (asked && offers(asked.skill)) return asked
  return { skill, question: words, isReasoning, ...mark && { spatialRefs: [mark] } }
}
