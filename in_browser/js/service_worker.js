// Keeps page, scripts and runtime of one version in this browser: all of it or nothing, so that versions never mix.
// in_browser/site.py writes SHELL above this line: the version; the files by their path, each with the SHA-256 of its
// bytes; and those which only some devices need, by the device's name.

const NAME = `moonsight ${registration.scope} `
const CACHE = NAME + SHELL.version

addEventListener("install", (event) => event.waitUntil(keep(Object.keys(SHELL.files).filter((path) => !isOfSome(path)))))

addEventListener("activate", (event) => event.waitUntil(begin()))

addEventListener("message", (event) => {
  if (event.data === "take over") event.waitUntil(skipWaiting())
  else event.waitUntil(keep(SHELL.devices[event.data.keep] ?? []))
})

addEventListener("fetch", (event) => {
  const path = pathOf(event.request)
  if (Object.hasOwn(SHELL.files, path)) event.respondWith(answer(path, event.request))
})

async function keep(paths) {
  const cache = await caches.open(CACHE)
  await Promise.all(paths.map(async (path) => {
    if (await cache.match(addressOf(path))) return
    // Another version of a file, as in the middle of an update, is refused by its SHA-256.
    const response = await fetch(addressOf(path), { cache: "no-cache", integrity: SHELL.files[path] })
    if (!response.ok) throw new Error(`${path}: ${response.status}`)
    await cache.put(addressOf(path), response)
  }))
}

async function begin() {
  const older = (await caches.keys()).filter((name) => name.startsWith(NAME) && name !== CACHE)
  await Promise.all(older.map((name) => caches.delete(name)))
  await clients.claim()
}

// What was cleared from the browser comes from the host again.
async function answer(path, request) {
  const cache = await caches.open(CACHE)
  return await cache.match(addressOf(path)) ?? fetch(request)
}

function isOfSome(path) {
  return Object.values(SHELL.devices).some((paths) => paths.includes(path))
}

function addressOf(path) {
  return new URL(path || "./", registration.scope).href
}

function pathOf({ method, url }) {
  const { origin, pathname } = new URL(url)
  const scope = new URL(registration.scope)
  if (method !== "GET" || origin !== scope.origin || !pathname.startsWith(scope.pathname)) return null
  return decodeURIComponent(pathname.slice(scope.pathname.length)).replace(/(^|\/)index\.html$/, "$1")
}
