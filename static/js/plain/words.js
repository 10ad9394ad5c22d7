// How the page says numbers: times, sizes, places in a line.

export function duration(ms) {
  const seconds = ms / 1000
  return seconds < 9.95 ? `${seconds.toFixed(1)} s` : age(ms)
}

// What was measured, and can be short: "45 ms", "0.6 s".
export function span(ms) {
  return ms < 95 ? `${Math.round(ms)} ms` : duration(ms)
}

export function age(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000))
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`
  return `${Math.floor(seconds / 3600)} h`
}

export function ordinal(n) {
  const teen = n % 100 >= 11 && n % 100 <= 13
  return n + (teen ? "th" : { 1: "st", 2: "nd", 3: "rd" }[n % 10] ?? "th")
}

export function amount(bytes, total = bytes) {
  return total >= 1e9 ? `${(bytes / 1e9).toFixed(2)} GB` : `${(bytes / 1e6).toFixed(1)} MB`
}

export function amountOf(done, total) {
  return `${amount(done, total).split(" ")[0]} of ${amount(total)}`
}

export function kilobytes(bytes) {
  return bytes >= 999_500 ? amount(bytes) : `${Math.max(1, Math.round(bytes / 1000))} kB`
}

export function counted(n, thing) {
  return n === 1 ? `1 ${thing}` : `${n} ${thing}s`
}

// "a, b and c".
export function listed(names) {
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`
}

// Some servers call a model by the whole path of its file.
export function modelName(id) {
  return /^(?:\/|[a-z]:\\)/i.test(id) ? id.split(/[\/\\]/).at(-1) : id
}

// Memory in use is told in round numbers: it changes, and nobody adds it up.
export function memory(bytes) {
  return bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${Math.round(bytes / 1e6)} MB`
}

// Room that is taken or free, as people count it: "38 GB", "1.35 GB", "5 MB".
export function storage(bytes) {
  if (bytes >= 9.995e9) return `${Math.round(bytes / 1e9)} GB`
  return bytes >= 9.995e8 ? `${(bytes / 1e9).toFixed(2)} GB` : `${Math.round(bytes / 1e6)} MB`
}

const DEVICES = { cpu: "the CPU", cuda: "the GPU", mps: "the GPU", wasm: "WASM", webgpu: "WebGPU" }

export function deviceName(device) {
  return DEVICES[device] ?? device
}

// "moondream2 is not here: the hub is silent. Try later." is a sentence, and after its colon the reason.
export function noticeParts(notice) {
  const [, sentence, reason] = notice?.match(/^(.+?): (.+)$/s) ?? [null, notice ?? "", ""]
  return { sentence: reason ? `${sentence}.` : sentence, reason }
}

const MINUTE = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }
const CLOCK = new Intl.DateTimeFormat(undefined, MINUTE)
const PRECISE_CLOCK = new Intl.DateTimeFormat(undefined, { ...MINUTE, second: "2-digit" })

export function clock(time) {
  return CLOCK.format(time)
}

const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long" })
const DAY_OF_YEAR = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long", year: "numeric" })

// "14:31" of today; "Yesterday, 16:58"; "3 November, 16:58".
export function when(time, now = Date.now()) {
  const day = dayWords(time, now)
  return day ? `${day}, ${clock(time)}` : clock(time)
}

// "" for today.
export function dayWords(time, now = Date.now()) {
  const [then, today, yesterday] = [new Date(time), new Date(now), new Date(now)]
  yesterday.setDate(today.getDate() - 1)
  if (then.toDateString() === today.toDateString()) return ""
  if (then.toDateString() === yesterday.toDateString()) return "Yesterday"
  return (then.getFullYear() === today.getFullYear() ? DAY : DAY_OF_YEAR).format(time)
}

// To the second.
export function timeOfDay(time) {
  return PRECISE_CLOCK.format(time)
}

// When something was asked; of a moment that was gone back to, that moment.
export function timeOfAsking(askedAt, { isPast, takenAt }) {
  return isPast ? `picture of ${timeOfDay(takenAt)}` : when(askedAt)
}

// "3.2 times": how much closer a part of a picture is looked at. area: in fractions of it.
export function times({ xMin, xMax }) {
  return `${Math.round(10 / (xMax - xMin)) / 10} times`
}

// What part of a picture was asked about, each as words; none where it was all of it.
export function partWords(spatialRefs = [], closer = null) {
  const about = spatialRefs.length > 0 ? "about the marked part" : ""
  return [about, closer && `looked closer, ${times(closer.area)}`].filter(Boolean)
}
