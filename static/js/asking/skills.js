// What can be asked for, in the order of the page. The one table of skills: a new one is a row here and a
// radio in index.html.
import { countedObject, soughtObject } from "../plain/command.js"
import { LETTERS } from "../plain/tiles.js"

const LOOK_FOR = "What should it look for?"
// What is common to skills that look for an object.
const FINDING = { takes: "object", label: LOOK_FOR, placeholder: LOOK_FOR }
const QUESTION_LABEL = "Your question"

// verb: on the button; takes: the kind of words it needs, "question", "object" or null for none;
// label, placeholder: of the line that takes them; title: what was asked, on the card;
// commands: how a sentence in the line asks for it.
export const SKILLS = {
  query: {
    verb: "Ask",
    takes: "question",
    label: QUESTION_LABEL,
    placeholder: "Ask about what the camera sees",
    title: ({ question }) => question,
  },
  caption: {
    verb: "Describe",
    takes: null,
    label: QUESTION_LABEL,
    placeholder: "Describe what the camera sees",
    title: () => "Describe it",
  },
  detect: {
    ...FINDING,
    verb: "Find",
    title: ({ object }) => `Find: ${object}`,
    commands: ["find", "locate"],
  },
  point: {
    ...FINDING,
    verb: "Point",
    title: ({ object }) => `Point: ${object}`,
    commands: ["point at", "point to", "point out"],
  },
}

// How each is called.
export const VERBS = Object.fromEntries(Object.entries(SKILLS).map(([skill, { verb }]) => [skill, verb]))

// Has the line at first, and takes the words of all who do not say what else they want.
export const ASK = "query"
// Has the boxes of an object, and so their number.
export const FIND = "detect"

// By the words of each command, the skill it asks for.
export const COMMANDS = Object.fromEntries(
  Object.entries(SKILLS).flatMap(([skill, { commands = [] }]) => commands.map((words) => [words, skill])),
)

// What is suggested, as it is asked: { skill, question }.
export const SUGGESTIONS = asking("What do you see?", "What am I holding?", "Is anyone there?", "Read the text")
export const DEMO_SUGGESTIONS = [
  ...asking("What colour is the circle?", "How many shapes are there?", "What is left of the square?"),
  { skill: "caption" },
]

// What is suggested of a part that is marked: asked, or done by the page. finds: what it is is searched for then.
const WHAT_IN_WORDS = "What is this? Answer in one or two words."
export const MARK_SUGGESTIONS = [
  ...asking("What is this?", "Read this"),
  { action: "look-closer", title: "Look closer" },
  { skill: ASK, question: WHAT_IN_WORDS, finds: FIND, title: "Find more like this" },
]

// What changed between two pictures.
export const DIFFERENCE = asking("What is different in B?")[0]

// What is suggested of pictures that are asked about together.
export function suggestionsTogether(n) {
  if (n === 2) return [DIFFERENCE, ...asking("Which one is tidier?", "What is in both?")]
  return asking(`What changed from A to ${LETTERS[n - 1]}?`, "Which one is the tidiest?", "What is in all of them?")
}

// What a person suggests, as it is asked: a skill that takes no words is asked for by its title.
export function suggestionOf(words) {
  const skill = Object.keys(SKILLS).find((each) => SKILLS[each].takes === null && titleOf({ skill: each }) === words)
  return skill ? { skill } : { skill: ASK, question: words }
}

export function titleOf(asked) {
  return SKILLS[asked.skill].title(asked)
}

export function isFinding({ skill }) {
  return SKILLS[skill].takes === "object"
}

// What an answer can be checked with: each thing that was counted, pointed at; a thing that is there or not, found.
// Else null.
export function proofOf({ skill, question }) {
  if (skill !== ASK) return null
  const [counted, sought] = [countedObject(question), soughtObject(question)]
  if (counted) return { skill: "point", object: counted, words: `Point at the ${counted}`, kind: "count" }
  return sought && { skill: FIND, object: sought, words: `Find the ${sought}`, kind: "presence" }
}

function asking(...questions) {
  return questions.map((question) => ({ skill: ASK, question }))
}
