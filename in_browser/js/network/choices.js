// Choices as a tree of tokens, and how likely an answer begins with each; as moondream2/choices.py, whose rule it is.

// Ways in which an answer that begins with a choice may be written: see protocol/choices.py.
export function spellings(choice) {
  const text = choice.trim()
  const [first] = text
  const rest = text.slice(first.length)
  // Some letters have no capital of one character, and none is made up for them.
  const letters = new Set([first, first.toLowerCase(), first.toUpperCase()].filter((each) => [...each].length === 1))
  return ["", " "].flatMap((space) => [...letters].map((letter) => space + letter + rest))
}

// choices: [{ text, spellings: [ids] }]. A place in the tree: { children: Map of places by token, choice: the number
// of the one that is complete here, or null }.
export function treeOf(choices) {
  const root = newNode()
  choices.forEach(({ spellings: written }, number) => {
    for (const ids of written) {
      let node = root
      for (const id of ids) {
        if (!node.children.has(id)) node.children.set(id, newNode())
        node = node.children.get(id)
      }
      node.choice = number
    }
  })
  return root
}

function newNode() {
  return { children: new Map(), choice: null }
}

// The logarithm of a sum of likelihoods, each of them given as its logarithm.
export function logSum(logs) {
  const largest = Math.max(-Infinity, ...logs)
  if (largest === -Infinity) return -Infinity
  return largest + Math.log(logs.reduce((sum, each) => sum + Math.exp(each - largest), 0))
}

// The logarithm of what likelihoods leave of 1; rounding leaves no less than 0.
export function logRest(logs) {
  const taken = logs.reduce((sum, each) => sum + Math.exp(each), 0)
  return taken < 1 ? Math.log1p(-taken) : -Infinity
}

// Turns logarithms, by the choice's number, into shares of their sum.
export function probabilitiesOf(logs, nChoices) {
  const total = logSum([...logs.values()])
  if (!Number.isFinite(total)) throw new RangeError("The network's scores of choices are no numbers.")
  return Array.from({ length: nChoices }, (_, number) => Math.exp(logs.get(number) - total))
}
