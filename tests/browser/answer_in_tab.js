async ([url, jpeg, requests]) => {
  globalThis.moonsight ??= (async () => {
    const ort = await import(url + "runtime/ort.wasm.bundle.min.mjs")
    const { Engine } = await import(url + "tab/engine/engine.js")
    const { openModel, readerOf, readManifest } = await import(url + "tab/engine/model.js")
    const read = readerOf(`${url}model/`)
    const manifest = await readManifest(read)
    return { Engine, model: await openModel({ ort, providers: ["wasm"], manifest, read }) }
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
