// The network as one piece: the graphs joined, nothing decided; as moondream2/network.py, for one row.
import { makeCrops } from "./crops.js"
import { fourierFeatures } from "./region.js"
import { shares } from "./tiling.js"

// Adds nothing to a score; and enough that nothing is left of it.
const SEEN = 0
const UNSEEN = -1e9

// What one row holds: `length` positions, and the keys and values of each layer. Never changed: a step gives another,
// so to keep one is to keep the row as it was.
class Row {
  constructor(length, tensors) {
    this.length = length
    this.tensors = tensors
  }
}

export class Network {
  #ort
  #sessions
  #tables

  // sessions: of each graph by its name. config: as readConfig gives it. tables: Float32Arrays that no graph holds:
  // coordFeatures, sizeFeatures; embedding: reads rows, see `Embedding`.
  constructor({ ort, sessions, config, tables }) {
    this.#ort = ort
    this.#sessions = sessions
    this.#tables = tables
    this.config = config
  }

  // Looks at a picture { data, width, height }; gives its image tokens (1, G * G, D).
  // check: is awaited before each crop; may throw to stop.
  async encodePicture(picture, check = () => {}) {
    const { crops, tiling } = makeCrops(picture, this.config.vision)
    const features = []
    for (const crop of crops) {
      await check()
      features.push(await this.encodeCrop(crop))
    }
    return this.merge(features, tiling)
  }

  // Looks at one crop, bytes (S, S, 3); gives its features (G * G * E).
  async encodeCrop(crop) {
    const side = this.config.vision.cropSize
    const { features } = await this.#run("vision", {
      crops: new this.#ort.Tensor("uint8", new Uint8Array(crop.buffer, crop.byteOffset, crop.length), [1, side, side, 3]),
    })
    return await takeData(features)
  }

  // Turns the features of all crops of a picture, the whole frame's first, into image tokens (1, G * G, D).
  async merge(features, [rows, cols]) {
    const { gridSize: grid, encDim } = this.config.vision
    const all = new Float32Array(features.length * grid * grid * encDim)
    features.forEach((each, nth) => all.set(each, nth * each.length))
    const { image_tokens: tokens } = await this.#run("merge", {
      features: this.#tensor(all, [features.length, grid * grid, encDim]),
      down: this.#tensor(shares(rows, this.config.vision), [grid, rows * grid]),
      across: this.#tensor(shares(cols, this.config.vision), [grid, cols * grid]),
    })
    return await takeData(tokens)
  }

  // A row without any position.
  emptyRow() {
    const { nLayers, nHeads, headDim } = this.config.text
    const names = namesOfKept(nLayers)
    const none = () => this.#tensor(new Float32Array(0), [1, nHeads, 0, headDim])
    return new Row(0, Object.fromEntries(names.map((name) => [name, none()])))
  }

  // A row of BOS and image tokens, all of which see each other.
  async beginWithPicture(imageTokens) {
    const bos = await this.#tables.embedding.rows([this.config.tokenizer.bosId])
    const x = new Float32Array(bos.length + imageTokens.length)
    x.set(bos)
    x.set(imageTokens, bos.length)
    return (await this.#extend(this.emptyRow(), x, true, [])).row
  }

  // Gives back what a row holds, once nobody needs it.
  release({ tensors }) {
    for (const tensor of Object.values(tensors)) tensor.dispose()
  }

  // Appends inputs: token ids, { coordinate }, { width, height }. Gives the new row, the scores (V) of what comes next,
  // and the residual stream (D) of the last position.
  async feed(row, inputs) {
    return this.#extend(row, await this.embedInputs(inputs), false, ["scores", "hidden"])
  }

  // Inputs as vectors (T * D).
  async embedInputs(inputs) {
    const { dim } = this.config.text
    const x = new Float32Array(inputs.length * dim)
    const ids = inputs.map((input) => typeof input === "number" ? input : 0)
    x.set(await this.#tables.embedding.rows(ids))
    for (const [at, input] of inputs.entries()) {
      if (typeof input !== "number") x.set(await this.#encodePlace(input), at * dim)
    }
    return x
  }

  // Scores of all bins of a coordinate, from a residual stream (D).
  decodeCoordinate(hidden) {
    return this.#decode("decode_coordinate", hidden)
  }

  // Scores of all bins of a width, then of a height.
  decodeSize(hidden) {
    return this.#decode("decode_size", hidden)
  }

  async #decode(graph, hidden) {
    const { scores } = await this.#run(graph, { hidden: this.#tensor(hidden, [1, hidden.length]) })
    return await takeData(scores)
  }

  async #encodePlace({ coordinate, width, height }) {
    const [graph, features] = coordinate === undefined
      ? ["encode_size", fourierFeatures([width, height], this.#tables.sizeFeatures)]
      : ["encode_coordinate", fourierFeatures([coordinate], this.#tables.coordFeatures)]
    const { x } = await this.#run(graph, { features: this.#tensor(features, [1, features.length]) })
    return await takeData(x)
  }

  // wanted: which outputs are read besides what the row keeps.
  async #extend({ length, tensors }, x, isPicture, wanted) {
    const { dim } = this.config.text
    const n = x.length / dim
    const feeds = {
      x: this.#tensor(x, [1, n, dim]),
      bias: this.#tensor(visibility(length, n, isPicture), [1, 1, n, length + n]),
      positions: new this.#ort.Tensor("int64", BigInt64Array.from({ length: n }, (_, at) => BigInt(length + at)), [1, n]),
    }
    const names = Object.keys(tensors)
    for (const name of names) feeds[`past_${name}`] = tensors[name]
    const made = await this.#run("decoder", feeds, [...wanted, ...names.map((name) => `present_${name}`)])
    const row = new Row(length + n, Object.fromEntries(names.map((name) => [name, made[`present_${name}`]])))
    const scores = made.scores && await takeData(made.scores)
    const hidden = made.hidden && (await takeData(made.hidden)).slice(-dim)
    return { row, scores, hidden }
  }

  #run(graph, feeds, fetches = undefined) {
    const session = this.#sessions[graph]
    return fetches ? session.run(feeds, fetches) : session.run(feeds)
  }

  #tensor(values, shape) {
    return new this.#ort.Tensor("float32", values, shape)
  }
}

// What a row keeps of each layer: the decoder takes it as `past_…` and gives it as `present_…`.
export function namesOfKept(nLayers) {
  return Array.from({ length: nLayers }, (_, layer) => [`key_${layer}`, `value_${layer}`]).flat()
}

// Which of `length + n` positions each of the last `n` may see: its own and the earlier ones; all within a picture.
function visibility(length, n, isPicture) {
  const bias = new Float32Array(n * (length + n)).fill(SEEN)
  for (let query = 0; query < n - 1 && !isPicture; query++) {
    const begin = query * (length + n)
    bias.fill(UNSEEN, begin + length + query + 1, begin + length + n)
  }
  return bias
}

// The numbers of a tensor, wherever they lie; it is of no use afterwards.
async function takeData(tensor) {
  const data = await tensor.getData()
  tensor.dispose?.()
  return data
}

// Rows of the words' matrix (V, D), read from half or whole numbers as they are stored.
export class Embedding {
  #numbers
  #dim

  // numbers: Uint16Array of half ones, or Float32Array.
  constructor(numbers, dim) {
    this.#numbers = numbers
    this.#dim = dim
  }

  rows(ids) {
    const rows = new Float32Array(ids.length * this.#dim)
    ids.forEach((id, at) => {
      const row = this.#numbers.subarray(id * this.#dim, (id + 1) * this.#dim)
      rows.set(row instanceof Float32Array ? row : halves(row), at * this.#dim)
    })
    return rows
  }
}

// Half-precision numbers, given as their bits, as what they stand for.
export function halves(bits) {
  return Float32Array.from(bits, (each) => {
    const [exponent, fraction] = [each >> 10 & 31, each & 1023]
    const size = exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15)
    return each & 0x8000 ? -size : size
  })
}
