// The page itself without a network: its service worker keeps all of one version, see service_worker.js.
const SCRIPT = new URL("../../../service_worker.js", import.meta.url)

// Tells "newer" when another version is here than the one that is shown.
export class Shell extends EventTarget {
  #registration = null

  // A browser, a window or a host that takes none has no page without a network, and all else.
  async open() {
    const workers = navigator.serviceWorker
    if (!workers) return
    // The first one that takes over keeps what is shown already.
    let isFirst = workers.controller === null
    workers.addEventListener("controllerchange", () => {
      if (!isFirst) this.#tell()
      isFirst = false
    })
    this.#registration = await workers.register(SCRIPT, { updateViaCache: "none" }).catch((error) => console.warn(error))
    if (!this.#registration) return
    if (this.#registration.waiting && workers.controller) this.#tell()
    this.#registration.addEventListener("updatefound", () => {
      const installing = this.#registration.installing
      installing?.addEventListener("statechange", () => {
        if (installing.state === "installed" && workers.controller) this.#tell()
      })
    })
  }

  // Lets the newer version take over, and shows it.
  renew() {
    const waiting = this.#registration?.waiting
    if (!waiting) return location.reload()
    navigator.serviceWorker.addEventListener("controllerchange", () => location.reload())
    waiting.postMessage("take over")
  }

  // What runs on this device has to be here without a network, too.
  async keepRuntime(device) {
    const registration = await navigator.serviceWorker?.ready
    registration?.active?.postMessage({ keep: device })
  }

  #tell() {
    this.dispatchEvent(new Event("newer"))
  }
}
