// The moon shows progress by its phase: the lit part of the disc is the fraction done.

const RADIUS = 11

export function litPath(fraction, radius) {
  const terminator = Math.abs(1 - 2 * fraction) * radius
  const sweep = fraction < 0.5 ? 0 : 1
  return `M0 ${-radius}A${radius} ${radius} 0 0 1 0 ${radius}A${terminator} ${radius} 0 0 ${sweep} 0 ${-radius}Z`
}

export function showPhase(moon, fraction) {
  const lit = moon.querySelector(".moon__lit")
  const path = litPath(Math.min(1, Math.max(0, fraction)), RADIUS)
  if (lit.getAttribute("d") !== path) lit.setAttribute("d", path)
}
