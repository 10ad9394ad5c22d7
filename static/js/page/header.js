// The line at the top: which model answers, on what, and whether it can.
import { showPhase } from "../plain/moon.js"
import { fractionOf, percentOf } from "../plain/progress.js"
import { deviceName, listed, modelName } from "../plain/words.js"

// Before it is known which model it will be.
const NOBODY = { absent: "No model", loading: "The model", failed: "The model" }
const ACTIVITIES = { waiting: "Waiting", looking: "Looking", answering: "Answering" }

// Narrow windows show a brief word in place of the model: what it is doing, or why it does nothing.
export class Header {
  #element
  #activity = ""

  constructor(element) {
    this.#element = element
    element.dataset.state = "unknown"
  }

  showModel(status) {
    const { name, words, brief } = (status.upstream ? ofServers : status.cluster ? ofCluster : ofModel)(status)
    this.#show(status.state, name, words, brief)
    showPhase(this.#element.querySelector(".moon"), phaseOf(status))
  }

  showOffline() {
    this.#show("offline", "Not connected", "", "Not connected")
  }

  // nWatched: how many rules are watched for.
  showActivity(activity, nWatched) {
    this.#activity = ACTIVITIES[activity] ?? (nWatched > 0 ? `Watching ${nWatched}` : "")
    if (this.#element.dataset.state === "ready") this.#write("brief", this.#activity)
  }

  #show(state, model, words, brief) {
    this.#element.dataset.state = state
    // Without a connection nobody can say what answers.
    this.#element.disabled = state === "offline"
    this.#write("model", model)
    this.#write("device", words)
    this.#write("brief", brief ?? this.#activity)
  }

  #write(part, words) {
    this.#element.querySelector(`.header__${part}`).textContent = words
  }
}

function ofModel(status) {
  const { progress } = status
  const percent = progress?.total ? `, ${percentOf(progress)}%` : ""
  const words = {
    ready: status.device ? ` on ${deviceName(status.device)}${status.tab ? ", in this tab" : ""}` : "",
    loading: ` is loading${percent}`,
    failed: " could not start",
    absent: " yet",
  }[status.state]
  const brief = { loading: `Loading${percent}`, failed: "Could not start", absent: "No model yet" }[status.state]
  return { name: status.isDemo ? "Demo model" : status.model ?? NOBODY[status.state], words, brief }
}

// Other servers answer in its place: nothing is loaded here.
function ofServers({ state, model, upstream }) {
  const hosts = listed(upstream.hosts)
  if (state === "loading") return { name: hosts, words: " is asked who is there", brief: "Asking" }
  if (state === "failed") return { name: hosts, words: " does not answer", brief: "No answer" }
  return model ? { name: modelName(model), words: ` at ${hosts}` } : { name: hosts, words: "" }
}

// Replicas answer, of which there may be none just now.
function ofCluster(status) {
  const { state, cluster: { address, nReplicas } } = status
  if (state === "loading") return { name: address, words: " is waited for", brief: "Waiting" }
  const { name, words, brief } = ofModel(status)
  return { name, words: state === "ready" ? ` on ${nReplicas} replica${nReplicas > 1 ? "s" : ""}` : words, brief }
}

function phaseOf({ state, progress }) {
  if (state === "loading") return progress ? fractionOf(progress) : 0
  return state === "ready" ? 1 : 0
}
