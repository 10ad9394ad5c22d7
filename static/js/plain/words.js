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

// To the second.
export function timeOfDay(time) {
  return PRECISE_CLOCK.format(time)
}
