// Says in words that Moonsight is not running, while its server is away. It answers nothing else: the page and all that
// it loads come from the server, always, so nothing is ever older than that. web/page.py writes VERSION above this
// line: after each change to a file of the page this is another script, which browsers notice and install.

// As the worker of a page without a server calls its own: where one takes the other's place, nothing stays behind.
const NAME = `moonsight ${registration.scope} `
const CACHE = NAME + VERSION
const OFFLINE = "/offline"
const SHEETS = ["tokens", "base", "offline"].map((sheet) => `/static/css/${sheet}.css`)
const KEPT = [OFFLINE, ...SHEETS, "/static/js/theme.js", "/static/favicon.svg"].map(addressOf)

addEventListener("install", (event) => event.waitUntil(keep()))

addEventListener("activate", (event) => event.waitUntil(forgetOlder()))

addEventListener("fetch", (event) => {
  const { mode, url } = event.request
  if (mode === "navigate") event.respondWith(answer(event.request, addressOf(OFFLINE)))
  else if (KEPT.includes(url)) event.respondWith(answer(event.request, url))
})

async function keep() {
  const cache = await caches.open(CACHE)
  await cache.addAll(KEPT.map((address) => new Request(address, { cache: "no-cache" })))
  // Nothing depends on which of two versions says it.
  await skipWaiting()
}

async function forgetOlder() {
  const older = (await caches.keys()).filter((name) => name.startsWith(NAME) && name !== CACHE)
  await Promise.all(older.map((name) => caches.delete(name)))
}

async function answer(request, kept) {
  try {
    return await fetch(request)
  } catch {
    const cache = await caches.open(CACHE)
    return await cache.match(kept) ?? Response.error()
  }
}

function addressOf(path) {
  return new URL(path, registration.scope).href
}
