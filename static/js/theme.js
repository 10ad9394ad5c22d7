// Day or night, as a person chose it in the settings (settings/choices.js): no module, so that it is there before
// anything is painted, and no script in the page, so that the strictest content policy holds.
{
  const root = document.documentElement
  const systems = { day: "(prefers-color-scheme: light)", night: "(prefers-color-scheme: dark)" }

  // theme: "day", "night", or whatever else for as the system has it.
  const show = (theme) => {
    const isChosen = Object.hasOwn(systems, theme)
    if (isChosen) root.dataset.theme = theme
    else delete root.dataset.theme
    // The window's own frame goes along.
    for (const colour of document.querySelectorAll("meta[name=theme-color]")) {
      const { theme: own } = colour.dataset
      colour.media = isChosen ? (own === theme ? "all" : "not all") : systems[own]
    }
  }

  const remembered = () => {
    try {
      return JSON.parse(localStorage.getItem("moonsight.settings"))?.theme
    } catch {
      // What cannot be read was not chosen.
      return null
    }
  }

  addEventListener("theme", ({ detail }) => show(detail))
  show(remembered())
}
