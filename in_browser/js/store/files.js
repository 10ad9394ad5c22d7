// Files of models by the SHA-256 of their bytes, so that two versions of a file never mix: kept in this browser, or, where
// it keeps none, as in some private windows, in the memory of this tab.
// Several pages of one host may keep models.
const FOLDER = `moonsight ${new URL("../../", import.meta.url).pathname.replaceAll("/", " ").trim()}`

export async function openFiles() {
  try {
    const root = await navigator.storage.getDirectory()
    const folder = await root.getDirectoryHandle(FOLDER, { create: true })
    const files = new DiskFiles(folder)
    // Some browsers have folders in a private window and refuse files.
    const probe = crypto.randomUUID()
    await (await files.open(probe)).close()
    await files.remove(probe)
    return files
  } catch {
    return new MemoryFiles()
  }
}

// In the browser's own file system. All but `open` may be used by several tabs at once.
class DiskFiles {
  isKept = true
  #folder

  constructor(folder) {
    this.#folder = folder
  }

  // How many bytes are there: 0 for a file that is not.
  async size(name) {
    return (await this.#file(name))?.size ?? 0
  }

  // Some bytes of a file, to its end where no length is told.
  async read(name, offset = 0, length = Infinity) {
    const file = await this.#file(name)
    if (!file) throw new Error(`${name} is not kept here.`)
    return new Uint8Array(await file.slice(offset, Math.min(file.size, offset + length)).arrayBuffer())
  }

  // Appends to a file: { size, write(bytes), restart(), close() }. Throws a QuotaExceededError where there is no room.
  async open(name) {
    const handle = await this.#folder.getFileHandle(name, { create: true })
    const access = await handle.createSyncAccessHandle()
    return {
      get size() {
        return access.getSize()
      },
      write(bytes) {
        const at = access.getSize()
        // Where there is no more room some browsers write less and throw nothing.
        if (access.write(bytes, { at }) < bytes.length) {
          access.truncate(at)
          throw new DOMException("The disk is full.", "QuotaExceededError")
        }
      },
      restart: () => access.truncate(0),
      close() {
        // What was written is what is read next, also after a fall of the computer.
        access.flush()
        access.close()
      },
    }
  }

  async remove(name) {
    await this.#folder.removeEntry(name).catch(ignoreMissing)
  }

  async names() {
    return Array.fromAsync(this.#folder.keys())
  }

  async #file(name) {
    const handle = await this.#folder.getFileHandle(name).catch(ignoreMissing)
    return handle?.getFile()
  }
}

export class MemoryFiles {
  isKept = false
  #parts = new Map()

  async size(name) {
    return (this.#parts.get(name) ?? []).reduce((sum, part) => sum + part.length, 0)
  }

  async read(name, offset = 0, length = Infinity) {
    const blob = new Blob(this.#parts.get(name))
    return new Uint8Array(await blob.slice(offset, Math.min(blob.size, offset + length)).arrayBuffer())
  }

  async open(name) {
    const parts = this.#parts.get(name) ?? []
    this.#parts.set(name, parts)
    let size = await this.size(name)
    return {
      get size() {
        return size
      },
      write(bytes) {
        parts.push(bytes)
        size += bytes.length
      },
      restart() {
        parts.length = size = 0
      },
      close() {},
    }
  }

  async remove(name) {
    this.#parts.delete(name)
  }

  async names() {
    return [...this.#parts.keys()]
  }
}

function ignoreMissing(error) {
  if (error.name !== "NotFoundError") throw error
}
