// Copies words.

// Where the clipboard is missing (no secure context) or forbidden, it is copied as if by hand.
export async function copyText(text) {
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
