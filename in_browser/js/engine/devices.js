// Where the graphs can run, in the order in which it is tried: each is only trusted after it was compared, see check.js.

// Each build of the runtime has one provider that is fast: what is not used is never loaded.
const RUNTIMES = { wasm: "../../runtime/ort.wasm.bundle.min.mjs", webgpu: "../../runtime/ort.webgpu.bundle.min.mjs" }
// A GPU's own limits are asked for: the usual ones are smaller than what words are read from.
const LIMITS = ["maxBufferSize", "maxStorageBufferBindingSize", "maxComputeWorkgroupStorageSize", "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupSizeX", "maxComputeWorkgroupSizeY", "maxComputeWorkgroupSizeZ", "maxComputeWorkgroupsPerDimension",
  "maxStorageBuffersPerShaderStage"]
// Wrong in some drivers, for the runtime's attention.
const DOUBTED = "subgroups"

// Whether there is a GPU that computes: one in software is no faster than WebAssembly.
export async function hasGpu() {
  const adapter = await adapterOrNull()
  return adapter !== null && !adapter.info.isFallbackAdapter
}

// wish: "webgpu" or "wasm" where a person wants just that, else null. A small model answers sooner on WASM: to start an
// operation on a GPU takes longer than to compute it. Gives [{ name, device, isDoubted, open }]; `open` gives
// { ort, providers, lost }, where `lost` resolves when a GPU went away.
export async function ways({ isLarge, wish }) {
  const wasm = { name: "wasm", device: "wasm", isDoubted: false, open: openWasm }
  const adapter = (wish ?? (isLarge ? "webgpu" : "wasm")) === "webgpu" ? await adapterOrNull() : null
  if (!adapter) return [wasm]
  const plain = { name: "webgpu", device: "webgpu", isDoubted: false, open: () => openWebgpu(false) }
  const doubted = { name: "webgpu with subgroups", device: "webgpu", isDoubted: true, open: () => openWebgpu(true) }
  return [...adapter.features.has(DOUBTED) ? [doubted] : [], plain, wasm]
}

async function openWasm() {
  const ort = await import(RUNTIMES.wasm)
  // What runs is one thread: more would need headers that not every host sends.
  ort.env.wasm.numThreads = 1
  return { ort, providers: ["wasm"], lost: new Promise(() => {}) }
}

async function openWebgpu(isDoubted) {
  const ort = await import(RUNTIMES.webgpu)
  ort.env.wasm.numThreads = 1
  const adapter = await adapterOrNull()
  const wanted = ["shader-f16", ...isDoubted ? [DOUBTED] : []]
  const device = await adapter.requestDevice({
    requiredFeatures: wanted.filter((feature) => adapter.features.has(feature)),
    requiredLimits: Object.fromEntries(LIMITS.map((limit) => [limit, adapter.limits[limit]])),
  })
  return { ort, providers: [{ name: "webgpu", device }], lost: device.lost }
}

async function adapterOrNull() {
  return await navigator.gpu?.requestAdapter({ powerPreference: "high-performance" }).catch(() => null) ?? null
}
