// What a film is moved with: play, one frame, a head along it, and how fast it goes.
import { write } from "../plain/written.js"

export class FilmControls {
  #parts
  #film

  // parts: the element under the picture; film: a Film.
  constructor(parts, film) {
    this.#parts = parts
    this.#film = film
    this.#part("play").addEventListener("click", () => film.toggle())
    this.#part("step").addEventListener("click", () => film.step().catch(reportError))
    this.#part("head").addEventListener("input", ({ target }) => film.seek(Number(target.value)))
    this.#speed.addEventListener("change", ({ target }) => { film.speed = Number(target.value) })
    film.addEventListener("change", () => this.#render())
  }

  set isShown(isShown) {
    this.#parts.hidden = !isShown
    if (isShown) this.#render()
  }

  #render() {
    const { isPlaying, timeS, durationS, speed } = this.#film
    const head = this.#part("head")
    const [now, end] = [length(timeS), length(durationS)]
    write(this.#part("title"), now)
    write(this.#part("note"), `of ${end}`)
    write(this.#part("play-words"), isPlaying ? "Pause" : "Play")
    head.max = durationS
    head.value = timeS
    head.ariaValueText = `${now} of ${end}`
    this.#speed.value = String(speed)
  }

  get #speed() {
    return this.#parts.querySelector("select")
  }

  #part(name) {
    return this.#parts.querySelector(`.strip__${name}`)
  }
}

function length(seconds) {
  const whole = Number.isFinite(seconds) ? Math.floor(seconds) : 0
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`
}
