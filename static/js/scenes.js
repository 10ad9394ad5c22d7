// A tapped scene fills the screen, on white, until it is tapped again.

const screen = document.getElementById("screen")
const picture = screen.querySelector("img")

document.getElementById("scenes").addEventListener("click", (event) => {
  const link = event.target.closest("a")
  if (!link) return
  event.preventDefault()
  picture.src = link.href
  picture.alt = link.querySelector("img").alt
  screen.showModal()
})

screen.addEventListener("click", () => screen.close())
