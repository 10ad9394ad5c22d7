// What is to be found: the object in a person's words, the wish to have it found in a sentence, and
// what a question counts or looks for.

// "Find out …", "find where …" ask for words, not for a place.
const NOT_AN_OBJECT = /^(?:out|where|what|who|whose|which|why|how|when|if|whether)\b/i
const SENTENCE_END = /[.!?] /
const COUNT = /^(?:how many|count(?: the| all)*) (.+)$/i
const IN_PICTURE = / (?:in|on) (?:the|this) (?:picture|image|photo|frame|scene)$/i
const SEEN = / (?:(?:is|are) (?:there|here|visible)|(?:do|can) (?:you|we|i) (?:see|count|find|spot))$/i
// "mugs are on the desk" is "mugs on the desk".
const BEING = / (?:is|are) (?=(?:in|on|at|under|behind|beside|near|next|left|right|with|\w+ing)\b)/i
const VERB = /\b(?:am|is|are|was|were|can|could|do|does|did|has|have|will|would)\b/i
// What can be counted and not be pointed at.
const NOT_A_THING = /^(?:of|more|times?|seconds?|minutes?|hours?|days?|weeks?|months?|years?)\b/i
// What nobody can point at.
const NOBODY = /^(?:any|some|every|no)(?:one|body|thing)\b|\bor\b/i
const SOUGHT = /^(?:(?:is|are) there|(?:do|can) you see) (?:an?|any|some) (.+)$/i
const MAX_COUNTED_CHARS = 60
const THIS_IS = /^(?:it|this|that)(?:['’]s| is| looks like| appears to be| seems to be) /i
const ARTICLE = /^(?:the|an?) (?=.)/i

// The object without its article: "the red circle." is "red circle".
export function objectOf(words) {
  const line = words.trim().replace(/\s+/g, " ")
  return line.replace(/[\s.!?]+$/, "").replace(ARTICLE, "") || line
}

// { skill, object } when the sentence asks to have something found, else null.
// commands: skills by the words that ask for them, as { "point at": skill }.
export function readCommand(words, commands, maxObjectChars) {
  if (/\n/.test(words.trim())) return null
  const form = new RegExp(`^(?:please )?(${Object.keys(commands).join("|")}) (?:me )?(.+)$`, "i")
  const [, command, rest] = words.trim().replace(/\s+/g, " ").match(form) ?? []
  if (!command || NOT_AN_OBJECT.test(rest) || SENTENCE_END.test(rest)) return null
  const object = objectOf(rest)
  if ([...object].length > maxObjectChars) return null
  return { skill: commands[command.toLowerCase()], object }
}

// "Is there a red mug on the desk?" looks for "red mug on the desk". Null where no one object is looked for for certain.
export function soughtObject(question) {
  const words = objectOf(question).match(SOUGHT)?.[1]
  if (!words || SENTENCE_END.test(words)) return null
  const object = objectOf(words.replace(IN_PICTURE, ""))
  const isThing = !VERB.test(object) && !NOT_A_THING.test(object) && !NOBODY.test(object)
  return isThing && [...object].length <= MAX_COUNTED_CHARS ? object : null
}

// "It is a red circle." is about "red circle". Null where an answer names no one thing.
export function soughtIn(answer) {
  const object = objectOf(answer.trim().split(/[.!?\n]/)[0].replace(THIS_IS, ""))
  return object && !VERB.test(object) && [...object].length <= MAX_COUNTED_CHARS ? object : null
}

// "How many red mugs are there?" counts "red mugs". Null where no one object is counted for certain.
export function countedObject(question) {
  const words = objectOf(question).match(COUNT)?.[1]
  if (!words || SENTENCE_END.test(words)) return null
  const object = objectOf(words.replace(IN_PICTURE, "").replace(SEEN, "").replace(IN_PICTURE, "").replace(BEING, " "))
  const isThing = !VERB.test(object) && !NOT_A_THING.test(object)
  return isThing && [...object].length <= MAX_COUNTED_CHARS ? object : null
}
