// Compares what graphs compute here of a known picture with what was recorded when they were written: some drivers
// compute wrong numbers and say nothing. As in_browser/recorded.py records it.

// Of the largest number of a stage. Sound devices stay below 0.0001, unsound ones were off by 0.1 and more.
const TOLERANCE = 0.01

// Nothing that this device would answer could be trusted; the message is for the person.
export class WrongNumbers extends Error {
  constructor(cause) {
    super("This browser computes other numbers than were recorded. Try another browser, or a newer one.", { cause })
  }
}

// recorded: of the manifest. onDone: called with the fraction that is compared. Throws WrongNumbers.
export async function compare(network, recorded, onDone = () => {}) {
  const { tokens } = recorded
  const features = await network.encodeCrop(knownCrop(network.config.vision.cropSize))
  compareStage("features", features, recorded)
  onDone(0.4)
  const row = await network.beginWithPicture(await network.merge([features], [1, 1]))
  onDone(0.7)
  const before = await network.feed(row, tokens.slice(0, -1))
  compareStage("scores", before.scores, recorded)
  const after = await network.feed(before.row, tokens.slice(-1))
  compareStage("step_scores", after.scores, recorded)
  for (const each of [row, before.row, after.row]) network.release(each)
  onDone(1)
}

function compareStage(name, numbers, recorded) {
  const expected = recorded[name]
  const step = Math.ceil(numbers.length / expected.length)
  const largest = Math.max(...expected.map(Math.abs))
  const off = Math.max(...expected.map((each, nth) => Math.abs(each - numbers[nth * step])))
  // Not "off > …": what is no number is wrong, too.
  if (!(off <= TOLERANCE * largest)) throw new WrongNumbers(`${name} are off by ${off} of ${largest}.`)
}

// Bytes (S, S, 3).
function knownCrop(side) {
  const crop = new Uint8Array(side * side * 3)
  for (let at = 0, y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      for (let c = 1; c <= 3; c++) crop[at++] = x * y * c
    }
  }
  return crop
}
