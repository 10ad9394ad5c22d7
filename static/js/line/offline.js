// What is said where the page is opened while the server is away: a service worker keeps it in the browser.
const SCRIPT = "/service_worker.js"

// Windows, browsers and addresses that take none say it in words of their own.
export async function keepOfflinePage() {
  try {
    await navigator.serviceWorker?.register(SCRIPT, { updateViaCache: "none" })
  } catch (error) {
    console.warn(error)
  }
}
