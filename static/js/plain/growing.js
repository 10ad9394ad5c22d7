// A field as high as its words, in browsers that do not do that themselves.

export function grow(field) {
  if (CSS.supports("field-sizing", "content")) return
  field.style.blockSize = "auto"
  const { scrollHeight, offsetHeight, clientHeight } = field
  field.style.blockSize = `${scrollHeight + offsetHeight - clientHeight}px`
}
