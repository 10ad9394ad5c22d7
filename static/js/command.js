// What is to be found: the object in a person's words, and the wish to have it found in a sentence.

const COMMAND = /^(?:please )?(find|locate|point (?:at|to|out)) (?:me )?(.+)$/i
// "Find out …", "find where …" ask for words, not for a place.
const NOT_AN_OBJECT = /^(?:out|where|what|who|whose|which|why|how|when|if|whether)\b/i
const SENTENCE_END = /[.!?] /
const ARTICLE = /^(?:the|an?) (?=.)/i

// The object without its article: "the red circle." is "red circle".
export function objectOf(words) {
  const line = words.trim().replace(/\s+/g, " ")
  return line.replace(/[\s.!?]+$/, "").replace(ARTICLE, "") || line
}

// { skill, object } when the sentence asks to find or to point at something, else null.
export function readCommand(words, maxObjectChars) {
  if (/\n/.test(words.trim())) return null
  const [, verb, rest] = words.trim().replace(/\s+/g, " ").match(COMMAND) ?? []
  if (!verb || NOT_AN_OBJECT.test(rest) || SENTENCE_END.test(rest)) return null
  const object = objectOf(rest)
  if ([...object].length > maxObjectChars) return null
  return { skill: /^point/i.test(verb) ? "point" : "detect", object }
}
