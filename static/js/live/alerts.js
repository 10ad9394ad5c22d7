// Tells a person that a rule holds: aloud to those who listen, by sound, by the desktop, as the rule says.
import { timeOfDay } from "../plain/words.js"

const TAG_PREFIX = "moonsight-"
export const BLOCKED = "Notifications are blocked. Open the icon beside the address, allow them, tick again."
export const NO_NOTIFICATIONS = "This browser has no notifications for this page. Choose the sound."

// Tells "told" with the alert, and in `told` how it was told: "Told at 14:32:07, with sound".
export class Alerts extends EventTarget {
  #log
  #tones
  #announcer

  // log: keeps what was told; tones: what is heard; announcer: says a sentence at once to those who listen.
  constructor({ log, tones, announcer }) {
    super()
    this.#log = log
    this.#tones = tones
    this.#announcer = announcer
  }

  async tell(alert) {
    const told = { ...alert, told: toldWords(alert, this.#reach(alert)) }
    if (alert.ways.page) this.#announcer.say(`${alert.name}. ${alert.text}`)
    this.dispatchEvent(new CustomEvent("told", { detail: told }))
    await this.#log.add(told)
  }

  // In which ways that were chosen it came through.
  #reach(alert) {
    return {
      sound: alert.ways.sound && this.#tones.play(),
      notification: alert.ways.notification && notify(alert),
    }
  }
}

// Asks once, when a person wants it. Returns the sentence that says why it cannot be, or "".
export async function allowNotifications() {
  if (!("Notification" in window)) return NO_NOTIFICATIONS
  const permission = Notification.permission === "default"
    ? await Notification.requestPermission()
    : Notification.permission
  return permission === "granted" ? "" : BLOCKED
}

export function toldWords({ toldAt, ways }, reached) {
  const sound = reached.sound ? "with sound" : "without sound: the browser plays none before a click"
  const notification = reached.notification ? "with a notification" : "without a notification: the browser shows none"
  const how = [ways.sound && sound, ways.notification && notification].filter(Boolean)
  return [`Told at ${timeOfDay(toldAt)}`, ...how].join(", ")
}

// A newer alert of a rule takes the place of the older one.
function notify({ ruleId, name, text }) {
  try {
    if (Notification.permission !== "granted") return false
    const note = new Notification(name, { body: text, tag: TAG_PREFIX + ruleId, renotify: true })
    note.addEventListener("click", () => {
      window.focus()
      note.close()
    })
    return true
  } catch {
    // Phones show them only for pages with a worker.
    return false
  }
}
