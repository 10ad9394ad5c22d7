// Copies words, and shows on the button that it was done.

const COPIED_SHOWN_MS = 1500

export async function copyBy(button, text) {
  await copyText(text)
  const icon = button.querySelector("use")
  icon.setAttribute("href", "#icon-check")
  setTimeout(() => icon.setAttribute("href", "#icon-copy"), COPIED_SHOWN_MS)
}

// Where the clipboard is missing (no secure context) or forbidden, it is copied as if by hand.
async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text)
  } catch (error) {
    if (!(error instanceof TypeError) && error.name !== "NotAllowedError") throw error
    const copied = (event) => {
      event.clipboardData.setData("text/plain", text)
      event.preventDefault()
    }
    document.addEventListener("copy", copied, { once: true })
    document.execCommand("copy")
  }
}
