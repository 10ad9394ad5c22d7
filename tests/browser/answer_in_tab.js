async ([url, device, jpeg, requests]) => {
  globalThis.moonsight ??= (async () => {
    const { ways } = await import(url + "tab/engine/devices.js")
    const { Engine } = await import(url + "tab/engine/engine.js")
    const { openModel, readerOf } = await import(url + "tab/engine/model.js")
    const folder = `${url}models/demo/`
    const manifest = await (await fetch(folder + "model.json")).json()
    // Of a GPU in software, the way without subgroups.
    const way = (await ways({ isLarge: false, wish: device })).findLast((each) => each.device === device)
    return { Engine, model: await openModel({ ...await way.open(), manifest, read: readerOf(folder) }) }
  })()
  const { Engine, model } = await globalThis.moonsight
  const blob = await (await fetch(jpeg)).blob()
  const told = new Map()
  await new Promise((resolve) => {
    const tell = (name, detail) => {
      if (name === "response") told.set(detail.id, detail)
      if (told.size === requests.length) resolve()
    }
    const engine = new Engine({ ...model, maxPixels: 1e8, tell })
    for (const request of requests) engine.ask({ ...request, frame: { blob } })
  })
  return requests.map(({ id }) => told.get(id))
}
