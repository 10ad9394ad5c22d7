// The strip under the picture: the last half minute in small frames, and a head to go back along it.
import { age, timeOfDay } from "../plain/words.js"
import { write } from "../plain/written.js"

const FRAME_HEIGHT_PX = 40
const GAP_PX = 1

// Tells "freeze", "now", "compare" when a person wants to know what changed, and "show" with the index of one of
// `moments`.
export class Strip extends EventTarget {
  moments = []
  #strip
  #film
  #head
  #way
  #isFrozen = false

  constructor(strip) {
    super()
    this.#strip = strip
    this.#film = strip.querySelector(".strip__film")
    this.#head = strip.querySelector(".strip__head")
    this.#way = strip.querySelector(".strip__way")
    this.#head.addEventListener("input", () => this.#tell("show", Number(this.#head.value)))
    this.#way.addEventListener("click", () => this.#tell(this.#isFrozen ? "now" : "freeze"))
    this.#part("compare").addEventListener("click", () => this.#tell("compare"))
    new ResizeObserver(() => this.#draw()).observe(strip.querySelector(".strip__track"))
  }

  // moments: those that can be gone to, oldest first; moment: the one that is shown, null for now; canFreeze: whether
  // there is anything to freeze; hasNow: whether there is a now to be seen, too; isOn: whether moments are kept.
  show({ moments, moment, canFreeze, hasNow, isOn }) {
    this.moments = moments
    this.#isFrozen = moment !== null
    this.#strip.toggleAttribute("data-past", moment !== null)
    this.#strip.toggleAttribute("data-empty", !canFreeze)
    this.#strip.toggleAttribute("data-off", !isOn)
    write(this.#part("title"), moment ? `${age(Date.now() - moment.takenAt)} ago` : "Last 30 s")
    write(this.#part("note"), moment ? timeOfDay(moment.takenAt) : "in memory only")
    write(this.#part("way-words"), moment ? "Now" : "Freeze")
    this.#part("compare").hidden = moment === null || !hasNow
    this.#showHead(moments.indexOf(moment))
    this.#draw()
  }

  #showHead(at) {
    const { length } = this.moments
    const shown = at === -1 ? length - 1 : at
    this.#head.max = Math.max(0, length - 1)
    this.#head.value = Math.max(0, shown)
    this.#head.disabled = length < 2
    const moment = this.moments[shown]
    const words = at === -1 || !moment ? "Now" : `${age(Date.now() - moment.takenAt)} ago, ${timeOfDay(moment.takenAt)}`
    this.#head.ariaValueText = words
  }

  // Whole frames, as many as fit.
  #draw() {
    const [newest] = this.moments.slice(-1)
    const widthPx = this.#film.parentElement.clientWidth
    if (!newest || widthPx === 0) return this.#fit(0)
    const framePx = Math.max(8, Math.round(FRAME_HEIGHT_PX * newest.width / newest.height))
    const nFrames = Math.min(this.moments.length, Math.max(1, Math.floor((widthPx + GAP_PX) / (framePx + GAP_PX))))
    const context = this.#fit(nFrames * (framePx + GAP_PX) - GAP_PX)
    for (let nth = 0; nth < nFrames; nth += 1) {
      const { thumb } = this.moments[Math.round((nth + 0.5) / nFrames * (this.moments.length - 1))]
      if (thumb) context.drawImage(thumb, nth * (framePx + GAP_PX), 0, framePx, FRAME_HEIGHT_PX)
    }
  }

  #fit(widthPx) {
    const scale = devicePixelRatio
    Object.assign(this.#film, { width: Math.round(widthPx * scale), height: Math.round(FRAME_HEIGHT_PX * scale) })
    this.#film.style.inlineSize = `${widthPx}px`
    this.#head.style.inlineSize = `calc(${widthPx}px + var(--head-size))`
    const context = this.#film.getContext("2d")
    context.scale(scale, scale)
    return context
  }

  #part(name) {
    return this.#strip.querySelector(`.strip__${name}`)
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }))
  }
}
