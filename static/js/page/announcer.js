// What those who listen hear. Each sentence once: a new element is announced, even with the same words.
export class Announcer {
  #line

  constructor(line) {
    this.#line = line
  }

  say(sentence) {
    this.#line.replaceChildren(Object.assign(document.createElement("span"), { textContent: sentence }))
  }
}
