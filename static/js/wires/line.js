// Whoever answers: what goes there, and what comes back.
import {
  ahead, announcer, answers, asking, connection, keeping, looking, looks, offlineBanner, report, settings, sharing,
  upstream, watch,
} from "../parts.js"
import { allowAsking, breakOff, offer } from "./together.js"

async function send(request) {
  if (!await connection.ask(upstream.asking(request))) breakOff()
}

// A person's questions are asked as that person chose; looks, which are compared with each other, as ever.
asking.addEventListener("send", ({ detail }) => send(settings.asking(detail)))
looks.addEventListener("send", ({ detail }) => send(detail))
for (const asker of [asking, looks]) {
  asker.addEventListener("cancel", ({ detail }) => connection.cancel(detail))
}

for (const name of ["waiting", "started", "reasoning", "token", "found"]) {
  connection.addEventListener(name, ({ detail }) => answers[name](detail))
}
connection.addEventListener("started", ({ detail }) => looks.started(detail))
connection.addEventListener("response", ({ detail }) => [upstream, looks, asking].some((each) => each.finish(detail)))
connection.addEventListener("checked", ({ detail }) => upstream.checked(detail))
connection.addEventListener("alerted", ({ detail: { id, error } }) => error && answers.note(id, error))
connection.addEventListener("program", ({ detail }) => sharing.look(detail))
connection.addEventListener("cameraState", ({ detail }) => looking.network.take(detail))
connection.addEventListener("cameraFrame", ({ detail }) => looking.network.show(detail))
connection.addEventListener("looked", ({ detail }) => ahead.looked(detail))
connection.addEventListener("status", ({ detail }) => upstream.take(detail))
connection.addEventListener("newer", () => report.showNewer())
connection.addEventListener("restored", () => {
  offlineBanner.hide()
  report.connected()
  connection.share(sharing.isOn)
  looking.network.resume()
  allowAsking()
  looks.check()
})
connection.addEventListener("lost", () => {
  offlineBanner.show()
  report.disconnected()
  breakOff()
  looking.network.interrupt()
  allowAsking()
})
connection.addEventListener("retrying", ({ detail: leftS }) => {
  offlineBanner.count(leftS)
  keeping.connectionLost(Date.now() + 1000 * leftS)
})
offlineBanner.addEventListener("retry", () => connection.open())

upstream.addEventListener("change", () => {
  report.show(upstream.status)
  answers.isModelReady = report.isReady
  offer()
  watch.missing = upstream.missing
  looking.size = upstream.frameSize
})
upstream.addEventListener("check", async ({ detail }) => await connection.check(detail) || upstream.giveUp())
report.addEventListener("woke", () => announcer.say("The model is ready."))
report.addEventListener("wish", ({ detail }) => connection.keep(detail))
