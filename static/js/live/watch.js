// Puts the parts of the watch together: the rules, what they told, how they tell it, and their sheet.
import { AlertLog } from "./alert_log.js"
import { Alerts } from "./alerts.js"
import { Gate } from "./gate.js"
import { Tones } from "./tones.js"
import { WatchSheet } from "./watch_sheet.js"
import { Watching } from "./watching.js"

// looks: the loop; announcer and send as in alerts.js, skills and maxChars as in watching.js, the rest as in
// the sheet. Returns { watching, alerts, watchSheet }.
export function buildWatch({ looks, announcer, send, skills, maxChars, webhook, ...elements }) {
  const watching = new Watching({ gate: new Gate(), skills, maxChars })
  const log = new AlertLog()
  const alerts = new Alerts({ log, tones: new Tones(), announcer, send, webhook })
  const watchSheet = new WatchSheet({ ...elements, watching, log, maxChars, webhook })
  watching.addEventListener("alert", ({ detail }) => alerts.tell(detail).catch(reportError))
  watchSheet.addEventListener("open", ({ detail }) => {
    watchSheet.close()
    alerts.show(detail)
  })
  // Without a rule there is nothing to look for.
  const follow = () => watching.nOn > 0 ? looks.add(watching) : looks.remove(watching)
  watching.addEventListener("change", follow)
  follow()
  log.open().catch(reportError)
  return { watching, alerts, watchSheet }
}
