// Files dropped anywhere on the page, or pasted, are taken; dropped without this, the browser would leave the page
// for them.

const bringsFiles = (event) => event.dataTransfer.types.includes("Files")

// take: called with a list of files.
export function takeBrought(take) {
  document.addEventListener("dragover", (event) => bringsFiles(event) && event.preventDefault())
  document.addEventListener("drop", (event) => {
    if (!bringsFiles(event)) return
    event.preventDefault()
    take([...event.dataTransfer.files])
  })
  document.addEventListener("paste", (event) => {
    const { files, types } = event.clipboardData
    // Who copied words with a picture of them, and pastes into a line, means the words.
    const isForWords = event.target.closest("input, textarea") !== null && types.includes("text/plain")
    if (files.length === 0 || isForWords) return
    event.preventDefault()
    take([...files])
  })
}
