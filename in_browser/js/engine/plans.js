// What each request is prefilled with, and the procedure that answers it; as engine/plans.py.
import { ChoiceUnwritable, SkillMissing } from "../network/prompts.js"
import { Refused } from "./requests.js"

// What one more object takes of the context, as network/skills.js feeds it.
const POSITIONS_PER_BOX = 3
const POSITIONS_PER_POINT = 2

export class Plans {
  #prompts
  #skills
  #config

  constructor(prompts, skills, config) {
    this.#prompts = prompts
    this.#skills = skills
    this.#config = config
  }

  // The prompt of a request and a generator that answers it. Throws Refused.
  plan(request) {
    try {
      return this.#ofSkill(request)
    } catch (error) {
      if (error instanceof SkillMissing) throw new Refused("unsupported", error.message)
      if (error instanceof ChoiceUnwritable) throw new Refused("bad_request", `${error.message} Say it in other words.`)
      throw error
    }
  }

  #ofSkill(request) {
    const { skill, maxTokens, maxObjects, stops } = request
    switch (skill) {
      case "look":
        return { nPrompt: 0, procedure: this.#skills.look() }
      case "query":
        return this.#ofQuery(request)
      case "caption": {
        const prompt = this.#prompts.caption(request.length)
        return this.#planned(request, prompt, 1, (room) => this.#skills.write(prompt, Math.min(maxTokens, room), { stops }))
      }
      case "detect":
      case "point": {
        const prompt = this.#prompts[skill](request.object)
        const nEach = skill === "detect" ? POSITIONS_PER_BOX : POSITIONS_PER_POINT
        const n = (room) => Math.min(maxObjects, Math.floor(room / nEach))
        return this.#planned(request, prompt, 1, (room) => this.#skills[skill](prompt, n(room)))
      }
      default:
        throw new Refused("unsupported", `The model in this tab cannot ${skill}.`)
    }
  }

  #ofQuery(request) {
    const { question, choices, isReasoning, spatialRefs, maxTokens, stops } = request
    const hasPicture = request.frame !== null
    const thinks = isReasoning && !choices.length
    const prompt = this.#prompts.query(question, { hasPicture, isReasoning: thinks, spatialRefs })
    if (choices.length) {
      const written = choices.map((text) => this.#prompts.choice(text))
      const nLongest = Math.max(...written.flatMap(({ spellings }) => spellings.map((ids) => ids.length)))
      return this.#planned(request, prompt, nLongest, () => this.#skills.choose(prompt, written))
    }
    // Thinking and answering have a budget each and share the room.
    const n = (room) => Math.min(maxTokens, thinks ? (room - 1) >> 1 : room)
    const skill = thinks ? "reason" : "write"
    return this.#planned(request, prompt, 1, (room) => this.#skills[skill](prompt, n(room), { stops }))
  }

  // nFollowing: how much room it needs at least.
  #planned({ frame }, prompt, nFollowing, begin) {
    const nPrompt = (frame === null ? 0 : this.#config.prefixLength) + prompt.length
    const room = this.#config.text.maxContext - nPrompt
    if (room < nFollowing) throw new Refused("bad_request", "The question is too long for this model. Ask it in fewer words.")
    return { nPrompt, procedure: begin(room) }
  }
}
