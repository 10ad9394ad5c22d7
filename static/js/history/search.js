// What is searched for among answers, and where it stands in them.

// Whether question or answer hold all the words, wherever.
export function matches({ title, asked, outcome, alert }, words) {
  const text = [title, asked.object, outcome.text, alert?.words].filter(Boolean).join("\n").toLowerCase()
  return words.every((word) => text.includes(word))
}

export function wordsOf(text) {
  return text.toLowerCase().split(/\s+/).filter(Boolean)
}

// Lights the words up in an element, without touching what stands there.
export function light(name, elements, words) {
  if (!window.CSS?.highlights) return
  const ranges = elements.flatMap((element) => rangesIn(element, words))
  CSS.highlights.set(name, new Highlight(...ranges))
}

function rangesIn(element, words) {
  return [...element.childNodes].filter((node) => node instanceof Text).flatMap((node) => {
    const text = node.data.toLowerCase()
    return words.flatMap((word) => startsOf(text, word).map((start) => rangeOf(node, start, word.length)))
  })
}

function startsOf(text, word) {
  const starts = []
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + word.length)) starts.push(at)
  return starts
}

function rangeOf(node, start, length) {
  const range = new Range()
  // A letter may be longer in lower case.
  range.setStart(node, Math.min(start, node.length))
  range.setEnd(node, Math.min(start + length, node.length))
  return range
}
