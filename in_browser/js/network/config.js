// Every size and control id of one checkpoint, as the writer has it from moondream2/config.py, under the same names.

// values: the config of a manifest, which names everything.
export function readConfig(values) {
  const [text, vision, region, tokenizer] = [values.text, values.vision, values.region, values.tokenizer].map(camelCased)
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
