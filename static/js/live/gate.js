// The change gate: whether anything happened in front of the camera since the frame that was last
// answered. It sees glances, the picture shrunk to 64 × 36 cells, and asks of each:
//
//   1. How much more light is there? One factor for each colour, the weighted median over all cells, so
//      that what is new in one part cannot pull it. Exposure and white balance do no more than this.
//   2. What is left of the difference, as the mean of 3 × 3 cells? Noise has no neighbours, things have.
//   3. Is that more than the noise? How much noise there is, two glances in a row tell.

// RGBA, row by row. One hundredth of the picture is 23 cells, enough to be told from noise; a cell of a
// frame of 640 × 360 is the mean of 100 pixels.
export const GLANCE = { width: 64, height: 36 }

// Slow change, as dusk, is looked at in the end.
const LONGEST_SLEEP_MS = 60_000
// Levels of 255. Measured on drawn rooms of 640 × 360 as JPEGs, each of another quality from 55 to 92, in
// light that flickers by ±5%: in 6,000 glances of still ones, with noise of σ 4 and of σ 8 in the dark,
// the fourth largest mean was 4.1 at most. Of 480 things of 1% and 2% of the picture that came, went,
// moved by their own size, reached in at the border or changed their colour at equal brightness, by 24
// levels or more in one colour, all 480 were seen in the first glance.
const LEAST_CHANGE = 6
// The same in standard deviations of the noise, where that is more: in the dark, or where a codec shifts
// its blocks. Chance alone brings one of the 6,912 means of a glance this far in 50 million glances.
const LEAST_CHANGE_IN_NOISE = 7
// So many means of 3 × 3 are touched by what is larger than a cell or two.
const LEAST_CELLS = 4
// Noise that is louder than this is movement of the whole picture.
const MOST_NOISE = 2.5
// Codecs renew their picture now and then with a jolt: it is remembered for a few seconds.
const NOISE_KEPT = 0.97
// More light or another tint than this is a lamp that was switched, or the whole view another one.
const LIGHT = { least: 0.75, most: 1 / 0.75 }
const TINT = { least: 0.85, most: 1 / 0.85 }
// Darker cells tell little of the light, and those at the upper end nothing. Below it a cell may hold
// pixels that are at their end already: it follows the light less the brighter it is.
const DARK = 24
const BRIGHT = 250
const BENDS_FROM = 210
const MOST_BENT = 16
const LEAST_CELLS_FOR_LIGHT = 64
const LIGHT_STEP = 1 / 512
const N_LIGHT_STEPS = 1024
const NOISE_STEP = 1 / 32
const N_NOISE_STEPS = 256

// The median distance from its mean of what is normally distributed, in standard deviations.
const MEDIAN_OF_NORMAL = 0.6745
const N_CHANNELS = 4
const N_CELLS = GLANCE.width * GLANCE.height

export class Gate {
  #kept = null
  #before = null
  // Standard deviation of a mean of 3 × 3 cells of a difference, by colour.
  #noise = [0, 0, 0]
  #sleptMs = 0
  #stepMs = 0
  #lastNow = Infinity

  // Whether the picture of this glance is worth an answer.
  hasNews(glance, now) {
    this.#pass(now)
    this.#listen(glance)
    if (!this.#kept || this.#sleptMs >= LONGEST_SLEEP_MS) return true
    return happened(differences(this.#kept, glance), this.#noise)
  }

  // From now on this is what was answered.
  keep(glance, now) {
    this.#listen(glance)
    this.#kept = Uint8ClampedArray.from(glance)
    this.#sleptMs = 0
    this.#lastNow = now
  }

  // Another camera, or none: nothing is known of what it shows.
  forget() {
    this.#kept = null
    this.#before = null
    this.#noise = [0, 0, 0]
  }

  // A clock that is set back tells nothing: the step before is counted once more.
  #pass(now) {
    if (now >= this.#lastNow) this.#stepMs = now - this.#lastNow
    this.#sleptMs += this.#stepMs
    this.#lastNow = now
  }

  #listen(glance) {
    const differed = this.#before && differences(this.#before, glance)
    this.#before = Uint8ClampedArray.from(glance)
    if (!differed) return
    this.#noise = this.#noise.map((noise, colour) => {
      return Math.min(MOST_NOISE, Math.max(deviationOf(differed[colour]), noise * NOISE_KEPT))
    })
  }
}

// What differs between two glances but for the light, by colour: the mean of 3 × 3 cells around each.
// Null when no light explains them.
function differences(earlier, later) {
  const lights = [0, 1, 2].map((colour) => lightBetween(earlier, later, colour))
  const isLight = lights.every((light) => isWithin(light, LIGHT) && isWithin(light / lights[1], TINT))
  return isLight ? lights.map((light, colour) => smooth(leftOver(earlier, later, colour, light))) : null
}

// The factor that makes most of the earlier cells the later ones. Bright cells weigh more, because
// their rounding matters less: this makes the sum of all that is left over the smallest.
function lightBetween(earlier, later, colour) {
  const weights = new Float32Array(N_LIGHT_STEPS)
  let nCells = 0
  for (let at = colour; at < earlier.length; at += N_CHANNELS) {
    if (earlier[at] < DARK || earlier[at] > BRIGHT || later[at] > BRIGHT) continue
    const step = Math.round(later[at] / earlier[at] / LIGHT_STEP)
    weights[Math.min(N_LIGHT_STEPS - 1, step)] += earlier[at]
    nCells += 1
  }
  return nCells < LEAST_CELLS_FOR_LIGHT ? 1 : middleOf(weights) * LIGHT_STEP
}

// The step at which half of all weight is reached: the median, without sorting.
function middleOf(weights) {
  const half = weights.reduce((sum, weight) => sum + weight, 0) / 2
  let step = 0
  for (let sum = weights[0]; sum < half; sum += weights[step]) step += 1
  return step
}

function leftOver(earlier, later, colour, light) {
  const left = new Float32Array(N_CELLS)
  for (let cell = 0, at = colour; cell < N_CELLS; cell += 1, at += N_CHANNELS) {
    const expected = Math.min(255, earlier[at] * light)
    const more = later[at] - expected
    // A cell at the upper end may have been brighter than it could tell.
    const couldNotTell = earlier[at] > BRIGHT && more > 0
    left[cell] = couldNotTell ? 0 : more - clamp(more, bentAt(Math.max(earlier[at], expected)))
  }
  return left
}

function bentAt(level) {
  return level <= BENDS_FROM ? 0 : MOST_BENT * (level - BENDS_FROM) / (255 - BENDS_FROM)
}

function clamp(value, most) {
  return Math.max(-most, Math.min(most, value))
}

function smooth(cells) {
  const { width, height } = GLANCE
  return along(along(cells, width, height, 1, width), height, width, width, 1)
}

// The mean of each value and its neighbours in its line, which are `step` apart; at an end it has only one.
function along(values, length, nLines, step, lineStep) {
  const means = new Float32Array(values.length)
  for (let line = 0; line < nLines; line += 1) {
    const first = line * lineStep
    const last = first + (length - 1) * step
    means[first] = (values[first] + values[first + step]) / 2
    means[last] = (values[last - step] + values[last]) / 2
    for (let at = first + step; at < last; at += step) {
      means[at] = (values[at - step] + values[at] + values[at + step]) / 3
    }
  }
  return means
}

// The standard deviation as the median tells it: what moves in less than half of the picture has no say.
function deviationOf(means) {
  const weights = new Float32Array(N_NOISE_STEPS)
  for (const mean of means) weights[Math.min(N_NOISE_STEPS - 1, Math.round(Math.abs(mean) / NOISE_STEP))] += 1
  return middleOf(weights) * NOISE_STEP / MEDIAN_OF_NORMAL
}

function happened(differed, noise) {
  if (!differed) return true
  const [red, green, blue] = differed
  const [inRed, inGreen, inBlue] = noise.map((each) => Math.max(LEAST_CHANGE, LEAST_CHANGE_IN_NOISE * each))
  let nChanged = 0
  for (let cell = 0; cell < N_CELLS; cell += 1) {
    const isChanged = Math.abs(red[cell]) > inRed || Math.abs(green[cell]) > inGreen || Math.abs(blue[cell]) > inBlue
    if (isChanged) nChanged += 1
  }
  return nChanged >= LEAST_CELLS
}

function isWithin(factor, { least, most }) {
  return factor >= least && factor <= most
}
