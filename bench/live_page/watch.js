// Notes by the clock of a page what its camera shows, what it says and what it has on the line. Added to
// either page before its own scripts.
window.bench = {
  // When each part of the clip could be seen first.
  seen: [],
  // [when, sentence], as they stand there.
  said: [],
  // When each question left, and [when, milliseconds of the server] of each response.
  sent: [],
  answered: [],

  // parts: a small picture of each, RGB, row by row; its size: { width, height }.
  watch(video, parts, { width, height }) {
    const context = Object.assign(document.createElement("canvas"), { width, height })
      .getContext("2d", { alpha: false, willReadFrequently: true })
    context.imageSmoothingQuality = "high"
    const compare = (now, { presentationTime }) => {
      if (this.seen.length < parts.length) video.requestVideoFrameCallback(compare)
      context.drawImage(video, 0, 0, width, height)
      const { data } = context.getImageData(0, 0, width, height)
      const rgb = data.filter((level, at) => at % 4 < 3)
      const n = this.seen.length
      if (n === 0 || isNearer(rgb, parts[n], parts[n - 1])) this.seen.push(presentationTime)
    }
    video.requestVideoFrameCallback(compare)
  },

  // read: what the page says now, "" for nothing.
  listen(root, read) {
    const note = () => {
      const sentence = read()
      if (sentence !== (this.said.at(-1)?.[1] ?? "")) this.said.push([performance.now(), sentence])
    }
    new MutationObserver(note).observe(root, { childList: true, characterData: true, subtree: true })
  },

  async until(when) {
    while (performance.now() < when) await new Promise((next) => setTimeout(next, when - performance.now()))
  },
}

// Whether a picture is more like `one`, by what tells it from `other`.
function isNearer(picture, one, other) {
  let nearer = 0
  for (let at = 0; at < picture.length; at += 1) {
    if (Math.abs(one[at] - other[at]) < 24) continue
    nearer += Math.abs(picture[at] - other[at]) - Math.abs(picture[at] - one[at])
  }
  return nearer > 0
}

// A Socket.IO packet as text: 42["token",{...}], or 451-["query",{...}] before its bytes.
function eventOf(packet) {
  const [, name, payload] = (typeof packet === "string" && packet.match(/^4(?:2|5\d+-)\["(\w+)",?(.*)\]$/s)) || []
  return { name, payload }
}

const send = WebSocket.prototype.send
WebSocket.prototype.send = function (packet) {
  if (!this.isHeard) this.addEventListener("message", hear)
  this.isHeard = true
  if (eventOf(packet).name === "query") bench.sent.push(performance.now())
  return send.call(this, packet)
}

function hear({ data }) {
  const { name, payload } = eventOf(data)
  if (name !== "response") return
  const { total_ms: total, queue_ms: queue } = JSON.parse(payload).timings
  bench.answered.push([performance.now(), total - queue])
}
