// Which models the host has, and which of them this browser can run.

// Of the manifest, as in_browser/model.py writes it.
const LAYOUT = 1

// folder: an address that ends with a slash. Gives [{ name, path, bytes, isLarge }], the largest first.
export async function readModels(folder) {
  const models = await readJson(`${folder}models.json`)
  return models.map(({ name, path, bytes, is_large: isLarge }) => ({ name, path, bytes, isLarge }))
}

// The manifest of a model, and the folder its files lie in.
export async function readManifest(folder, { path }) {
  const manifest = await readJson(folder + path)
  if (manifest.layout !== LAYOUT) throw new Error("A newer version is here. Reload the page.")
  return { manifest, folder: new URL(".", folder + path).href }
}

async function readJson(address) {
  // Asked for anew each time, unless the service worker has those of its version.
  const response = await fetch(address, { cache: "no-cache" })
  if (!response.ok) throw new Error(`The host does not have ${address} (${response.status}).`)
  return response.json()
}

// What decides which models are offered: { hasGpu, isPhone, free }; free is in bytes, null where nobody tells.
export async function survey(hasGpu) {
  const { quota, usage } = await navigator.storage?.estimate?.() ?? {}
  const isPhone = navigator.userAgentData?.mobile ?? /Android|iPhone|iPad/.test(navigator.userAgent)
  return { hasGpu, isPhone, free: quota === undefined ? null : quota - usage }
}

// Why a model is not offered here: "phone", "gpu", "room", or null where it is.
export function refusalOf({ isLarge, bytes }, { hasGpu, isPhone, free }) {
  if (isLarge && isPhone) return "phone"
  if (isLarge && !hasGpu) return "gpu"
  return free !== null && bytes > free ? "room" : null
}
