// A tapped scene fills the screen, on white, until it is tapped again.

const screen = document.getElementById("screen")
const close = screen.querySelector("button")

document.getElementById("scenes").addEventListener("click", (event) => {
  const link = event.target.closest("a")
  if (!link) return
  event.preventDefault()
  close.replaceChildren(link.querySelector("img").cloneNode())
  screen.showModal()
})

screen.addEventListener("click", () => screen.close())
