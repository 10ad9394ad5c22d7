// A file line by line, however large it is.

// tooLong: makes the error for a line that is longer than that.
export async function* linesOf(file, maxChars, tooLong) {
  const reader = file.stream().pipeThrough(new TextDecoderStream()).getReader()
  let rest = ""
  for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) {
    const lines = (rest + value).split("\n")
    rest = lines.pop()
    if (rest.length > maxChars || lines.some((line) => line.length > maxChars)) throw tooLong()
    yield* lines
  }
  yield rest
}
