import assert from "node:assert/strict"
import { createHash, randomBytes } from "node:crypto"
import { createServer } from "node:http"
import { test } from "node:test"
import { gzipSync } from "node:zlib"

import { Download, HostFailed } from "../../in_browser/js/store/download.js"
import { MemoryFiles } from "../../in_browser/js/store/files.js"
import { refusalOf } from "../../in_browser/js/store/models.js"

// A host that has two files and answers each request for one of them as the next of its `moods` says.
class Host {
  asked = []
  #moods
  #server

  constructor(moods = []) {
    this.#moods = [...moods]
    this.contents = { "a.bin": randomBytes(300_000), "b.bin": randomBytes(200_000) }
    this.#server = createServer((request, response) => this.#answer(request, response))
  }

  async open() {
    await new Promise((resolve) => this.#server.listen(0, "127.0.0.1", resolve))
    this.folder = `http://127.0.0.1:${this.#server.address().port}/`
    return this
  }

  close() {
    this.#server.closeAllConnections()
    this.#server.close()
  }

  get wanted() {
    return Object.entries(this.contents).map(([path, data]) => ({ path, bytes: data.length, sha256: hash(data) }))
  }

  #answer({ url, headers: { range } }, response) {
    const path = new URL(url, this.folder).pathname.slice(1)
    this.asked.push(`${path} ${range ?? "whole"}`)
    const from = Number(range?.match(/^bytes=(\d+)-$/)[1] ?? 0)
    MOODS[this.#moods.shift() ?? "well"]({ host: this, path, data: this.contents[path], from, response })
  }
}

function sendWell({ data, from, response }) {
  const range = { "content-range": `bytes ${from}-${data.length - 1}/${data.length}` }
  response.writeHead(from ? 206 : 200, { "content-length": data.length - from, ...from ? range : {} })
  response.end(data.subarray(from))
}

const MOODS = {
  well: sendWell,
  "breaks off": ({ data, from, response }) => {
    response.writeHead(from ? 206 : 200, { "content-length": data.length - from, "content-range": `bytes ${from}-${data.length - 1}/${data.length}` })
    response.write(data.subarray(from, from + 100_000), () => setTimeout(() => response.destroy(), 50))
  },
  "hangs": ({ data, response }) => {
    response.writeHead(200, { "content-length": data.length })
    response.write(data.subarray(0, 100_000))
  },
  "knows no ranges": ({ data, response }) => response.end(data),
  "sends another range": ({ data, response }) => {
    response.writeHead(206, { "content-range": `bytes 0-${data.length - 1}/${data.length}` })
    response.end(data)
  },
  "refuses the range": ({ response }) => response.writeHead(416).end(),
  "compresses": ({ data, response }) => response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync(data)),
  "compresses ranges": ({ data, from, response }) => {
    const all = gzipSync(data)
    response.writeHead(206, { "content-encoding": "gzip", "content-range": `bytes ${from}-${all.length - 1}/${all.length}` })
    response.end(all.subarray(from))
  },
  "sends other bytes": ({ data, response }) => response.end(randomBytes(data.length)),
  "swaps files": ({ host, response }) => response.end(host.contents["b.bin"]),
  "sends a page": ({ response }) => response.writeHead(200, { "content-type": "text/html" }).end("<h1>Not found</h1>"),
  "sends too much": ({ data, response }) => response.end(Buffer.concat([data, data])),
  "sends without end": ({ response }) => {
    const more = () => response.write(randomBytes(65_536), (error) => error || setImmediate(more))
    more()
  },
  "has nothing": ({ response }) => response.writeHead(404).end(),
  "is overloaded": ({ response }) => response.writeHead(503).end(),
}

const hash = (data) => createHash("sha256").update(data).digest("hex")

// Downloads all; goes on at once instead of after a wait. Gives what was told.
async function download(t, moods, files = new MemoryFiles()) {
  const host = await new Host(moods).open()
  t.after(() => host.close())
  const told = []
  const tell = (progress) => {
    told.push(progress)
    if (progress.trouble) setImmediate(() => downloading.goOn())
  }
  const downloading = new Download({ files, folder: host.folder, wanted: host.wanted, tell })
  t.mock.method(console, "warn", () => {})
  try {
    await downloading.run()
  } catch (error) {
    return { host, files, told, error }
  }
  for (const { sha256 } of host.wanted) assert.equal(hash(await files.read(sha256)), sha256)
  return { host, files, told }
}

test("files are got one after the other, and it is told how far that is", async (t) => {
  const { host, told } = await download(t, [])
  assert.deepEqual(host.asked, ["a.bin whole", "b.bin whole"])
  assert.deepEqual([told[0].done, told[0].total, told[0].parts], [0, 500_000, 2])
  assert.deepEqual([told.at(-1).part, told.at(-1).trouble], [2, null])
  for (const [nth, { done }] of told.entries()) assert.ok(nth === 0 || done >= told[nth - 1].done)
})

test("what is here is not asked for again", async (t) => {
  const { host, files } = await download(t, [])
  host.asked.length = 0
  await new Download({ files, folder: host.folder, wanted: host.wanted, tell() {} }).run()
  assert.deepEqual(host.asked, [])
})

test("a broken download goes on where it broke off, as often as it breaks", async (t) => {
  const { host, told } = await download(t, ["breaks off", "breaks off"])
  assert.deepEqual(host.asked, ["a.bin whole", "a.bin bytes=100000-", "a.bin bytes=200000-", "b.bin whole"])
  assert.deepEqual(told.filter(({ trouble }) => trouble).map(({ trouble, done }) => [trouble, done]), [["broken", 100_000], ["broken", 200_000]])
})

for (const mood of ["knows no ranges", "sends another range", "refuses the range", "compresses ranges"]) {
  test(`a host that ${mood} sends the file anew`, async (t) => {
    const { host, error } = await download(t, ["breaks off", mood])
    assert.equal(error, undefined)
    assert.equal(host.asked[1], "a.bin bytes=100000-")
  })
}

test("a host that compresses changes nothing", async (t) => {
  const { host } = await download(t, ["compresses", "compresses"])
  assert.deepEqual(host.asked, ["a.bin whole", "b.bin whole"])
})

for (const mood of ["sends other bytes", "swaps files", "sends a page", "sends too much", "sends without end"]) {
  test(`a host that ${mood} once is asked again`, async (t) => {
    const { host, error } = await download(t, [mood])
    assert.equal(error, undefined)
    assert.deepEqual(host.asked, ["a.bin whole", "a.bin whole", "b.bin whole"])
  })

  test(`a host that ${mood} twice is said to, and nothing of it is kept`, async (t) => {
    const { host, files, error } = await download(t, [mood, mood])
    assert.ok(error instanceof HostFailed)
    assert.match(error.message, /a\.bin/)
    assert.equal(await files.size(host.wanted[0].sha256), 0)
  })
}

test("a file that the host does not have is said at once", async (t) => {
  const { host, error } = await download(t, ["has nothing"])
  assert.match(error.message, /does not have a\.bin \(404\)/)
  assert.equal(host.asked.length, 1)
})

test("an overloaded host is asked again", async (t) => {
  const { told, error } = await download(t, ["is overloaded", "is overloaded"])
  assert.equal(error, undefined)
  assert.deepEqual(told.filter(({ trouble }) => trouble).map(({ waitS }) => waitS), [1, 2])
})

test("a damaged file that was kept is got again", async (t) => {
  const { host, files } = await download(t, [])
  const [{ sha256, bytes }] = host.wanted
  const writer = await files.open(sha256)
  writer.restart()
  writer.write(new Uint8Array(bytes))
  host.asked.length = 0
  await new Download({ files, folder: host.folder, wanted: host.wanted, tell() {} }).run()
  assert.deepEqual(host.asked, ["a.bin whole"])
  assert.equal(hash(await files.read(sha256)), sha256)
})

test("a paused download asks for nothing until it goes on, and then for the rest", async (t) => {
  const host = await new Host(["hangs"]).open()
  t.after(() => host.close())
  const files = new MemoryFiles()
  const troubles = []
  const tell = ({ trouble }) => {
    if (!trouble) return
    troubles.push(trouble)
    setImmediate(() => downloading.goOn())
  }
  const downloading = new Download({ files, folder: host.folder, wanted: host.wanted, tell })
  const running = downloading.run()
  while (await files.size(host.wanted[0].sha256) < 100_000) await new Promise(setImmediate)
  downloading.pause()
  await running
  assert.deepEqual(troubles, ["paused"])
  assert.deepEqual(host.asked, ["a.bin whole", "a.bin bytes=100000-", "b.bin whole"])
})

test("a stopped download ends", async (t) => {
  const host = await new Host(["hangs"]).open()
  t.after(() => host.close())
  const downloading = new Download({ files: new MemoryFiles(), folder: host.folder, wanted: host.wanted, tell: () => setImmediate(() => downloading.stop()) })
  await assert.rejects(downloading.run())
})

test("without room it waits for the person, and goes on with what is here", async (t) => {
  class FullFiles extends MemoryFiles {
    isFull = true

    async open(name) {
      const writer = await super.open(name)
      const write = writer.write
      writer.write = (bytes) => {
        if (this.isFull && writer.size + bytes.length > 150_000) throw new DOMException("The disk is full.", "QuotaExceededError")
        write(bytes)
      }
      return writer
    }
  }
  const host = await new Host().open()
  t.after(() => host.close())
  const files = new FullFiles()
  const full = []
  const tell = ({ trouble, done }) => {
    if (trouble !== "full") return
    full.push(done)
    files.isFull = false
    setImmediate(() => downloading.goOn())
  }
  const downloading = new Download({ files, folder: host.folder, wanted: host.wanted, tell })
  await downloading.run()
  assert.equal(full.length, 1)
  assert.equal(host.asked[1], `a.bin bytes=${full[0]}-`)
})

test("a large model is offered where it is of use", () => {
  const [large, small] = [{ isLarge: true, bytes: 1e9 }, { isLarge: false, bytes: 5e6 }]
  const roomy = { hasGpu: true, isPhone: false, free: 2e9 }
  assert.equal(refusalOf(large, roomy), null)
  assert.equal(refusalOf(large, { ...roomy, free: null }), null)
  assert.equal(refusalOf(large, { ...roomy, hasGpu: false }), "gpu")
  assert.equal(refusalOf(large, { ...roomy, isPhone: true }), "phone")
  assert.equal(refusalOf(large, { ...roomy, free: 5e8 }), "room")
  assert.equal(refusalOf(small, { hasGpu: false, isPhone: true, free: 1e7 }), null)
})

