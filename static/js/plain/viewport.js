// Above an on-screen keyboard only part of the window is seen; the phone layout fits itself into that part.

const KEYBOARD_LEAVES_AT_MOST = 0.75

export function followVisibleHeight() {
  if (!window.visualViewport) return
  const root = document.documentElement
  let tallest = { width: 0, height: 0 }
  const follow = () => {
    const { width, height, scale } = visualViewport
    // A pinched-in page is magnified, not covered.
    if (scale > 1.01) return
    if (width !== tallest.width || height > tallest.height) tallest = { width, height }
    root.style.setProperty("--visible-height", `${height}px`)
    root.toggleAttribute("data-keyboard", height < KEYBOARD_LEAVES_AT_MOST * tallest.height)
    if (height < innerHeight) scrollTo(0, 0)
  }
  visualViewport.addEventListener("resize", follow)
  follow()
}
