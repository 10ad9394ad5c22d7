// Where a menu opens: beside its button, whole inside the window.

const GAP_PX = 8
const EDGE_PX = 12

// Above the button where there is more room above, else below; never past the edge of the window.
export function placeBeside(menu, button) {
  const { top, bottom, right } = button.getBoundingClientRect()
  const isLow = top > innerHeight / 2
  const widest = innerWidth - menu.offsetWidth - EDGE_PX
  Object.assign(menu.style, {
    right: `${Math.max(EDGE_PX, Math.min(innerWidth - right, widest))}px`,
    bottom: isLow ? `${innerHeight - top + GAP_PX}px` : "auto",
    top: isLow ? "auto" : `${bottom + GAP_PX}px`,
  })
}
