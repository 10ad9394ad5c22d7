// A picture dropped anywhere on the page is taken; without this the browser would leave the page for it.

const bringsFiles = (event) => event.dataTransfer.types.includes("Files")

export function takeDropped(take) {
  document.addEventListener("dragover", (event) => bringsFiles(event) && event.preventDefault())
  document.addEventListener("drop", (event) => {
    if (!bringsFiles(event)) return
    event.preventDefault()
    take(event.dataTransfer.files[0])
  })
}
