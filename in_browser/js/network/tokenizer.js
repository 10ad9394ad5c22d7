// Text to token ids and back, and ids that arrive one by one to text that reads well; as moondream2/tokenizer.py.

// GPT-2's words. White space is spelled out: JavaScript's \s counts one character more and one less than others do.
const SPACE = "\\t-\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000"
const WORDS = new RegExp(
  `'(?:[sdmt]|ll|ve|re)| ?\\p{L}+| ?\\p{N}+| ?[^${SPACE}\\p{L}\\p{N}]+|[${SPACE}]+(?![^${SPACE}])|[${SPACE}]+`, "gu",
)
const CJK = /[\u4e00-\u9fff\u3400-\u4dbf\u{2f800}-\u{2fa1f}]$/u

const encoder = new TextEncoder()

// Byte-level BPE of one checkpoint.
export class Tokenizer {
  #vocab
  #ranks
  #bytes = new Map()
  #known = new Map()

  // file: a parsed tokenizer.json. Throws where it is of another kind.
  constructor({ model, pre_tokenizer: words, normalizer, added_tokens: added }) {
    const isKnown = model.type === "BPE" && words?.type === "ByteLevel" && words.use_regex !== false
    if (!isKnown || words.add_prefix_space || normalizer || model.byte_fallback || model.ignore_merges) {
      throw new TypeError("This tokenizer cannot be read in a browser.")
    }
    this.#vocab = model.vocab
    this.#ranks = new Map(model.merges.map((merge, rank) => [Array.isArray(merge) ? merge.join(" ") : merge, rank]))
    const control = new Set(added.filter(({ special }) => special).map(({ id }) => id))
    for (const [token, id] of Object.entries(model.vocab)) {
      if (!control.has(id)) this.#bytes.set(id, Uint8Array.from(token, (letter) => BYTE_OF.get(letter)))
    }
    for (const { id, content, special } of added) {
      if (!special) this.#bytes.set(id, encoder.encode(content))
    }
  }

  // Nothing is stripped or added. Control tokens are plain text here: a visitor who types `<|endoftext|>` must not
  // end the prompt.
  encode(text) {
    const ids = []
    for (const [word] of text.toWellFormed().matchAll(WORDS)) {
      if (!this.#known.has(word)) this.#known.set(word, this.#merged(word))
      ids.push(...this.#known.get(word))
    }
    return ids
  }

  // Without control tokens; half a character shows as U+FFFD.
  decode(ids) {
    const parts = ids.flatMap((id) => [...this.#bytes.get(id) ?? []])
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(Uint8Array.from(parts))
  }

  #merged(word) {
    let parts = Array.from(encoder.encode(word), (byte) => LETTER_OF[byte])
    while (parts.length > 1) {
      const ranks = parts.slice(1).map((part, at) => this.#ranks.get(`${parts[at]} ${part}`) ?? Infinity)
      const best = Math.min(...ranks)
      if (best === Infinity) break
      const joined = []
      for (let at = 0; at < parts.length; at++) {
        joined.push(ranks[at] === best ? parts[at] + parts[++at] : parts[at])
      }
      parts = joined
    }
    return parts.map((part) => this.#vocab[part]).filter((id) => id !== undefined)
  }
}

// The letter that stands for each byte in the vocabulary, and back: those that can be seen for themselves.
const LETTER_OF = lettersOfBytes()
const BYTE_OF = new Map(LETTER_OF.map((letter, byte) => [letter, byte]))

function lettersOfBytes() {
  const isSeen = (byte) => (byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad)
  let nHidden = 0
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(isSeen(byte) ? byte : 256 + nHidden++))
}

// Releases the text of one answer word by word: `push` each id, `finish` once.
// Half a word and half a character are held back; a finished line and a CJK character are not.
// Follows `_generate_answer`, vikhyat/moondream@44146f1 moondream/torch/moondream.py.
export class TextStream {
  #tokenizer
  #ids = []
  #nSent = 0

  constructor(tokenizer) {
    this.#tokenizer = tokenizer
  }

  // Returns the text that is complete now, often "".
  push(id) {
    this.#ids.push(id)
    const text = this.#tokenizer.decode(this.#ids)
    if (text.endsWith("\n")) {
      const chunk = text.slice(this.#nSent)
      this.#ids = []
      this.#nSent = 0
      return chunk
    }
    // A space before what was sent is none.
    const end = CJK.test(text) ? text.length : Math.max(this.#nSent, text.lastIndexOf(" ") + 1)
    const chunk = text.slice(this.#nSent, end)
    this.#nSent = Math.max(this.#nSent, end)
    return chunk
  }

  // Returns what was held back.
  finish() {
    return this.#tokenizer.decode(this.#ids).slice(this.#nSent)
  }
}
