// Each skill as the plain procedure it is; as moondream2/skills.py.
//
// A procedure is a generator without a tensor in it. It yields what it wants of the network, { want }, and is sent the
// result; and it yields what it found, { found }, and is sent nothing. It returns why it ended: "stop" or "length".
//
//   wants:  "feed" inputs          append them; with isTried, they may be taken back       nothing
//           "forget"               take what was tried last back; the next want is to feed nothing
//           "token" banned isGreedy  choose a token; `banned` ids cannot win               its id
//           "likelihoods" ids      how likely each comes next                              natural logarithms
//           "coordinate", "size"   read one in 0..1                                        a number; [width, height]
//   finds:  "text", "chosen" (text, probabilities), "thought" (text, grounding), "place"
import { logRest, logSum, probabilitiesOf, treeOf } from "./choices.js"
import { UntilStop } from "./stops.js"
import { TextStream } from "./tokenizer.js"

const feed = (inputs) => ({ want: "feed", inputs })
const token = ({ banned = [], isGreedy = false } = {}) => ({ want: "token", banned, isGreedy })

export class Skills {
  #config
  #tokenizer
  #prompts

  constructor(config, tokenizer, prompts) {
    this.#config = config
    this.#tokenizer = tokenizer
    this.#prompts = prompts
  }

  // Takes no step beyond the picture that every procedure starts from.
  * look() {
    return "stop"
  }

  // Continues a prompt with text: an answer or a caption. stops: it ends before the first of these.
  * write(prompt, maxTokens, { stops = [] } = {}) {
    yield feed(prompt)
    const words = new TextStream(this.#tokenizer)
    const text = new UntilStop(stops)
    let id = yield token()
    for (let nWritten = 0; nWritten < maxTokens && id !== this.#config.eosId; nWritten++) {
      const chunk = text.push(words.push(id))
      if (chunk) yield { found: "text", text: chunk }
      if (text.isOver) return "stop"
      yield feed([id])
      id = yield token({ banned: [this.#config.answerId] })
    }
    const chunk = text.push(words.finish()) + text.finish()
    if (chunk) yield { found: "text", text: chunk }
    return text.isOver || id === this.#config.eosId ? "stop" : "length"
  }

  // Answers with the likeliest of some choices, as choices.js compares them.
  * choose(prompt, choices) {
    yield feed(prompt)
    const logs = yield* likelihoods(treeOf(choices))
    const probabilities = probabilitiesOf(logs, choices.length)
    const { text } = choices[probabilities.indexOf(Math.max(...probabilities))]
    yield { found: "chosen", text, probabilities }
    return "stop"
  }

  // Thinks first, pointing at places, then answers. Each part has its own `maxTokens`; stops are of the answer alone.
  * reason(prompt, maxTokens, { stops = [] } = {}) {
    const { answerId, eosId, sizeId, coordId, startGroundPointsId, endGroundId } = this.#config
    yield feed(prompt)
    const parts = [newPart()]
    let id = yield token()
    for (let nThought = 0; nThought < maxTokens && id !== answerId; nThought++) {
      if (id === startGroundPointsId || id === endGroundId) parts.push(newPart())
      parts.at(-1).ids.push(id)
      if (id === coordId) {
        const coordinate = yield { want: "coordinate" }
        parts.at(-1).coordinates.push(coordinate)
        yield feed([{ coordinate }])
      } else {
        yield feed([id])
      }
      id = yield token({ banned: [eosId, sizeId] })
    }
    yield this.#thought(parts)
    return yield* this.write(this.#prompts.answerAfterReasoning(), maxTokens, { stops })
  }

  // Spans count characters, not the units of JavaScript's strings.
  #thought(parts) {
    let [text, at] = ["", 0]
    const grounding = []
    for (const { ids, coordinates } of parts) {
      const words = this.#tokenizer.decode(ids)
      const end = at + [...words].length
      const points = pairs(coordinates)
      if (points.length) grounding.push({ startIdx: at, endIdx: end, points })
      text += words
      at = end
    }
    return { found: "thought", text, grounding }
  }

  // Finds boxes, one after the other.
  detect(prompt, maxObjects) {
    return this.#find(prompt, maxObjects, true)
  }

  // Finds points, one after the other.
  point(prompt, maxObjects) {
    return this.#find(prompt, maxObjects, false)
  }

  * #find(prompt, maxObjects, hasSize) {
    yield feed(prompt)
    let id = yield token({ isGreedy: true })
    // Any token but the end means "another object"; which one does not matter.
    for (let nFound = 0; nFound < maxObjects && id !== this.#config.eosId; nFound++) {
      const x = yield { want: "coordinate" }
      yield feed([{ coordinate: x }])
      const y = yield { want: "coordinate" }
      yield feed([{ coordinate: y }])
      if (hasSize) {
        const [width, height] = yield { want: "size" }
        const place = { xMin: x - width / 2, yMin: y - height / 2, xMax: x + width / 2, yMax: y + height / 2 }
        yield { found: "place", place }
        yield feed([{ width, height }])
      } else {
        yield { found: "place", place: { x, y } }
      }
      id = yield token({ isGreedy: true })
    }
    return id === this.#config.eosId ? "stop" : "length"
  }
}

// Reads how likely the row goes on as each choice below a place that it stands at: logarithms by the choice's number.
// Feeds each place that tokens go on from once, and takes it back before the next.
function* likelihoods({ children }) {
  const steps = yield { want: "likelihoods", ids: [...children.keys()] }
  const ways = new Map()
  for (const [nth, [id, child]] of [...children].entries()) {
    const below = new Map()
    if (child.children.size) {
      yield { ...feed([id]), isTried: true }
      for (const [choice, log] of yield* likelihoods(child)) below.set(choice, log)
      yield { want: "forget" }
    }
    if (child.choice !== null) below.set(child.choice, logRest([...below.values()]))
    for (const [choice, log] of below) ways.set(choice, [...ways.get(choice) ?? [], steps[nth] + log])
  }
  return new Map([...ways].map(([choice, logs]) => [choice, logSum(logs)]))
}

// Words of the reasoning and the coordinates given with them.
function newPart() {
  return { ids: [], coordinates: [] }
}

// Coordinates as points [x, y]; an odd last one is dropped.
function pairs(coordinates) {
  return Array.from({ length: coordinates.length >> 1 }, (_, nth) => coordinates.slice(2 * nth, 2 * nth + 2))
}
