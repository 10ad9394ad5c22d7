// The model's own thread in the tab: hears what the page wishes and asks, tells what happens in the page's own names.
import { Tab } from "./tab.js"

const tell = (name, detail) => postMessage({ name, detail })

let tab = null

const HEARD = {
  open: ({ choice, ...told }) => {
    tab = new Tab({ ...told, tell })
    tab.open(choice)
  },
  keep: ({ get, isPaused, isDeleted }) => {
    if (get) tab.get(get)
    else if (isDeleted) tab.remove()
    else if (isPaused) tab.pause()
    else tab.goOn()
  },
  ask: (request) => tab.ask(request),
  cancel: (id) => tab.cancel(id),
}

addEventListener("message", ({ data: { name, detail } }) => HEARD[name](detail))
