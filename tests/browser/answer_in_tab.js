async ([url, jpeg, requests]) => {
  globalThis.moonsight ??= (async () => {
    const ort = await import(url + "runtime/ort.wasm.bundle.min.mjs")
    ort.env.wasm.numThreads = 1
    const { Engine } = await import(url + "tab/engine/engine.js")
    const { openModel } = await import(url + "tab/engine/model.js")
    const read = async (path) => new Uint8Array(await (await fetch(url + "model/" + path)).arrayBuffer())
    const manifest = await (await fetch(url + "model/model.json")).json()
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
