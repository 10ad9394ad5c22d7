// Numbers as sentences have them.

const WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
const NUMBER = new RegExp(`\\b(?:\\d{1,4}|${WORDS.join("|")})\\b`, "i")
const NONE = /\b(?:no|none|not any)\b/i

export function numberWord(n) {
  return WORDS[n] ?? `${n}`
}

// The first number that a sentence says, null where it says none.
export function numberIn(text) {
  const said = text.match(NUMBER)?.[0].toLowerCase()
  if (said) return WORDS.includes(said) ? WORDS.indexOf(said) : Number(said)
  return NONE.test(text) ? 0 : null
}
