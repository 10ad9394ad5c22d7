// The asked frame flies from the stage to its card, so that the eye knows where the answer will be.

const FLIGHT_MS = 280
const EASE = "cubic-bezier(.2, .7, .2, 1)"

export async function flyFrame(frame, from) {
  // A card that shows several frames has no place for all of them in one.
  if (matchMedia("(prefers-reduced-motion: reduce)").matches || !frame.checkVisibility()) return
  frame.dataset.state = "arriving"
  try {
    await frame.decode()
    await fly(frame, from, frame.getBoundingClientRect())
  } finally {
    delete frame.dataset.state
  }
}

async function fly(frame, from, to) {
  const traveller = frame.cloneNode()
  delete traveller.dataset.state
  traveller.className = "flight"
  traveller.alt = ""
  Object.assign(traveller.style, { width: `${to.width}px`, height: `${to.height}px` })
  document.body.append(traveller)
  const start = `translate(${from.left}px, ${from.top}px) scale(${from.width / to.width}, ${from.height / to.height})`
  const end = `translate(${to.left}px, ${to.top}px)`
  await traveller.animate({ transform: [start, end] }, { duration: FLIGHT_MS, easing: EASE }).finished
  traveller.remove()
}
