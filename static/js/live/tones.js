// Two soft tones, made here: nothing is loaded, and nothing plays before the browser lets the page be heard.

const TONES = [{ hertz: 659.26, startS: 0 }, { hertz: 880, startS: 0.18 }]
const TONE_S = 0.6
const RISE_S = 0.015
const LOUDNESS = 0.14
const SILENCE = 0.0001
const GESTURES = ["pointerdown", "pointerup", "keydown"]

export class Tones {
  #context = null
  #isAllowed = false
  #last = null
  #prepare = () => this.#allow().catch(() => this.close())

  // Browsers let a page be heard after a click or a key.
  constructor() {
    for (const gesture of GESTURES) document.addEventListener(gesture, this.#prepare)
  }

  // Returns whether it can be heard.
  play() {
    if (this.#isAllowed) this.#sound(this.#context).catch(reportError)
    return this.#isAllowed
  }

  close() {
    for (const gesture of GESTURES) document.removeEventListener(gesture, this.#prepare)
  }

  // After a gesture that does not count, resume() waits for one that does.
  async #allow() {
    this.#context ??= new AudioContext()
    await this.#context.resume()
    if (this.#isAllowed) return
    this.#isAllowed = true
    this.close()
    await this.#context.suspend()
  }

  // A context that sounds nothing is suspended: it would keep the loudspeaker awake.
  async #sound(context) {
    await context.resume()
    const last = TONES.map(({ hertz, startS }) => tone(context, hertz, context.currentTime + startS)).at(-1)
    last.onended = () => this.#last === last && context.suspend()
    this.#last = last
  }
}

function tone(context, hertz, startsAt) {
  const oscillator = new OscillatorNode(context, { frequency: hertz })
  const volume = new GainNode(context, { gain: SILENCE })
  volume.gain.setValueAtTime(SILENCE, startsAt)
  volume.gain.exponentialRampToValueAtTime(LOUDNESS, startsAt + RISE_S)
  volume.gain.exponentialRampToValueAtTime(SILENCE, startsAt + TONE_S)
  oscillator.connect(volume).connect(context.destination)
  oscillator.start(startsAt)
  oscillator.stop(startsAt + TONE_S)
  return oscillator
}
