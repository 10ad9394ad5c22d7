// Every size and control id of one checkpoint, from its config.json; what is not named there is as published.
// Names are those of moondream2/config.py.
const PUBLISHED = {
  text: { dim: 2048, nLayers: 24, vocabSize: 51200, maxContext: 2048, nHeads: 32 },
  vision: { encDim: 1152, encPatchSize: 14, cropSize: 378, maxCrops: 12, overlapMargin: 4 },
  region: { coordFeatDim: 256, coordOutDim: 1024, sizeFeatDim: 512, sizeOutDim: 2048 },
  tokenizer: {
    bosId: 0, eosId: 0, answerId: 3, thinkingId: 4, coordId: 5, sizeId: 6, startGroundPointsId: 7, endGroundId: 9,
    templates: {
      caption: { short: [1, 32708, 2, 12492, 3], normal: [1, 32708, 2, 6382, 3], long: [1, 32708, 2, 4059, 3] },
      query: { prefix: [1, 15381, 2], suffix: [3] },
      detect: { prefix: [1, 7235, 476, 2], suffix: [3] },
      point: { prefix: [1, 2581, 2], suffix: [3] },
    },
  },
}

// values: a config.json that the writer has checked.
export function readConfig(values) {
  const read = (section) => ({ ...PUBLISHED[section], ...camelCased(values[section] ?? {}) })
  const [text, vision, region, tokenizer] = ["text", "vision", "region", "tokenizer"].map(read)
  const gridSize = Math.floor(vision.cropSize / vision.encPatchSize)
  return {
    text: { ...text, headDim: text.dim / text.nHeads },
    vision: {
      ...vision,
      gridSize,
      // The border that neighbouring tiles share, on each side; what one tile adds without it.
      marginPx: vision.overlapMargin * vision.encPatchSize,
      windowPx: (gridSize - 2 * vision.overlapMargin) * vision.encPatchSize,
    },
    region,
    tokenizer,
    // Positions of the image prefix: BOS and one per image token.
    prefixLength: 1 + gridSize ** 2,
  }
}

function camelCased(values) {
  const named = Object.entries(values).map(([name, value]) => [name.replace(/_(.)/g, (_, letter) => letter.toUpperCase()), value])
  return Object.fromEntries(named)
}
