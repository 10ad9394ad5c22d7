// The fields by which files are chosen: they are opened from elsewhere, and the same file can be chosen again.

export class FileInputs {
  #inputs

  // inputs: by their kind; take: gets the files; leave: is called where none was chosen.
  constructor(inputs, { take, leave }) {
    this.#inputs = inputs
    for (const input of Object.values(inputs)) {
      input.addEventListener("change", () => brought(input, take))
      input.addEventListener("cancel", leave)
    }
  }

  open(kind) {
    this.#inputs[kind].click()
  }
}

async function brought(input, take) {
  await take([...input.files])
  input.value = ""
}
