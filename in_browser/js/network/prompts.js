// What is prefilled for each skill, position by position; as moondream2/prompts.py.
import { spellings } from "./choices.js"

// The checkpoint cannot do what was asked; its message is for the person.
export class SkillMissing extends Error {}
// The tokenizer has no tokens for a choice.
export class ChoiceUnwritable extends Error {}

// One position of a prompt or an answer: a token id, { coordinate } in 0..1, or { width, height } in 0..1.
export class Prompts {
  #config
  #tokenizer

  constructor(config, tokenizer) {
    this.#config = config
    this.#tokenizer = tokenizer
  }

  // The suffix stands twice when not reasoning: the published weights were asked that way.
  query(question, { hasPicture = true, isReasoning = false, spatialRefs = [] } = {}) {
    const { prefix, suffix } = this.#template("query")
    return [
      ...hasPicture ? [] : [this.#config.bosId],
      ...prefix,
      ...places(spatialRefs),
      ...this.#tokenizer.encode(question),
      ...suffix,
      ...isReasoning ? [this.#config.thinkingId] : suffix,
    ]
  }

  // A choice in tokens, with those of its spellings that the tokenizer can write. Throws ChoiceUnwritable.
  choice(text) {
    const written = spellings(text)
      .map((spelling) => [spelling, this.#tokenizer.encode(spelling)])
      .filter(([spelling, ids]) => this.#tokenizer.decode(ids) === spelling)
    if (!written.length) throw new ChoiceUnwritable(`"${text}" is not made of this model's tokens.`)
    return { text, spellings: written.map(([, ids]) => ids) }
  }

  answerAfterReasoning() {
    return [...this.#template("query").suffix]
  }

  caption(length) {
    const prompt = this.#config.templates.caption?.[length]
    if (!prompt) throw new SkillMissing(`This model writes no ${length} captions.`)
    return [...prompt]
  }

  detect(name) {
    return this.#object("detect", name)
  }

  point(name) {
    return this.#object("point", name)
  }

  #object(skill, name) {
    const { prefix, suffix } = this.#template(skill)
    return [...prefix, ...this.#tokenizer.encode(` ${name}`), ...suffix]
  }

  #template(skill) {
    const template = this.#config.templates[skill]
    if (!template) throw new SkillMissing(`This model cannot ${skill}.`)
    return template
  }
}

// spatialRefs: points [x, y] and boxes [xMin, yMin, xMax, yMax].
function places(spatialRefs) {
  return spatialRefs.flatMap((ref) => {
    if (ref.length === 2) return ref.map((coordinate) => ({ coordinate }))
    const [xMin, yMin, xMax, yMax] = ref
    return [
      { coordinate: (xMin + xMax) / 2 },
      { coordinate: (yMin + yMax) / 2 },
      { width: xMax - xMin, height: yMax - yMin },
    ]
  })
}
