async ([url, device, pictures, textRuns, regionRuns]) => {
  const { ways } = await import(url + "tab/engine/devices.js")
  const { openModel, readerOf } = await import(url + "tab/engine/model.js")
  const { openPicture } = await import(url + "tab/engine/pictures.js")
  const { makeCrops } = await import(url + "tab/network/crops.js")
  const { run } = await import(url + "tab/network/decoding.js")
  const { Sampler } = await import(url + "tab/network/sampling.js")
  const folder = `${url}models/parity/`
  const manifest = await (await fetch(folder + "model.json")).json()
  const read = readerOf(folder)
  // Of a GPU in software, the way without subgroups.
  const way = (await ways({ isLarge: false, wish: device })).findLast((each) => each.device === device)
  const { network, prompts, skills } = await openModel({ ...await way.open(), manifest, read })
  const rows = {}
  const seen = {}
  for (const [name, address] of Object.entries(pictures)) {
    const picture = await openPicture(await (await fetch(address)).blob())
    const { crops, tiling } = makeCrops(picture, network.config.vision)
    const features = []
    for (const crop of crops) features.push(await network.encodeCrop(crop))
    const projected = await network.merge(features, tiling)
    rows[name] = await network.beginWithPicture(projected)
    const plain = (each) => [...each]
    seen[name] = { tiling, crops: crops.map(plain), features: features.map(plain), projected: plain(projected) }
  }
  const listen = async (picture, procedure) => {
    const heard = { scores: [], hidden: [], coordinates: [], sizes: [], found: [] }
    const heardNetwork = {
      config: network.config,
      release() {},
      async feed(row, inputs) {
        const made = await network.feed(row, inputs)
        heard.scores.push([...made.scores])
        heard.hidden.push([...made.hidden])
        return made
      },
      async decodeCoordinate(hidden) {
        const scores = await network.decodeCoordinate(hidden)
        heard.coordinates.push([...scores])
        return scores
      },
      async decodeSize(hidden) {
        const scores = await network.decodeSize(hidden)
        heard.sizes.push([...scores])
        return scores
      },
    }
    const row = picture === null ? network.emptyRow() : rows[picture]
    const steps = run(heardNetwork, row, procedure, new Sampler())
    let step = await steps.next()
    for (; !step.done; step = await steps.next()) heard.found.push(step.value)
    return { ...heard, reason: step.value.reason }
  }
  const ran = {}
  for (const [name, { picture, skill, question, length, spatial_refs: refs, max_tokens: n, thought_ids: thought }] of Object.entries(textRuns)) {
    const told = { hasPicture: picture !== null, isReasoning: thought !== undefined, spatialRefs: refs ?? [] }
    const prompt = skill === "caption" ? prompts.caption(length) : prompts.query(question, told)
    ran[name] = { prompt, ...await listen(picture, told.isReasoning ? skills.reason(prompt, n) : skills.write(prompt, n)) }
  }
  for (const [name, { picture, skill, object, max_objects: n }] of Object.entries(regionRuns)) {
    const prompt = prompts[skill](object)
    ran[name] = { prompt, ...await listen(picture, skills[skill](prompt, n)) }
  }
  return { seen, ran }
}
