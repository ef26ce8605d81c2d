import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { request } from "node:http"
import { createServer } from "node:net"
import path from "node:path"
import { contentSecurityPolicy, openWebRoot } from "@holdfast/relay"
import { afterEach, describe, expect, test } from "vitest"
import { deskPort } from "../src/desk/desk-port.ts"
import { type Desk, serveDesk } from "../src/desk/serve-desk.ts"
import { folder, run } from "./support/program.ts"

const open: Desk[] = []
afterEach(async () => {
  for (const desk of open.splice(0)) await desk.close()
})

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer()
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}

async function deskAt(port: number): Promise<Desk> {
  const built = folder()
  mkdirSync(path.join(built, "assets"))
  writeFileSync(path.join(built, "index.html"), "<!doctype html><html><head><title>Holdfast</title></head></html>")
  writeFileSync(path.join(built, "assets", "main-0a1b2c3d.js"), "export {}")
  const desk = await serveDesk({ webRoot: await openWebRoot(built), relay: "https://relay.example", port })
  open.push(desk)
  return desk
}

interface Got {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: string
}

function get(port: number, file: string, how: { host?: string; method?: string; accept?: string } = {}): Promise<Got> {
  const { host = `holdfast.localhost:${port}`, method = "GET", accept = "text/html" } = how
  return new Promise((resolve, reject) => {
    const asked = request({ host: "127.0.0.1", port, path: file, method, headers: { host, accept } }, (answer) => {
      let body = ""
      answer.on("data", (chunk) => {
        body += String(chunk)
      })
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body }))
    })
    asked.once("error", reject)
    asked.end()
  })
}

describe("the desk", () => {
  test("[K3.4] serves the client's files, and tells the page which relay it is for", async () => {
    const port = await freePort()
    const desk = await deskAt(port)
    expect(desk.address).toBe(`http://holdfast.localhost:${port}`)
    for (const page of ["/", "/somewhere"]) {
      const got = await get(port, page)
      expect(got.status).toBe(200)
      expect(got.body).toContain('<meta name="holdfast-relay" content="https://relay.example" />')
      expect(got.headers["content-length"]).toBe(String(got.body.length))
    }
    expect(await get(port, "/assets/main-0a1b2c3d.js")).toMatchObject({ status: 200, body: "export {}" })
    expect(await get(port, "/", { method: "HEAD" })).toMatchObject({ status: 200, body: "" })
    expect((await get(port, "/assets/none.js")).status).toBe(404)
    expect((await get(port, "/../package.json")).status).toBe(404)
    for (const path of ["//evil.example/", "http://[", "*"]) expect((await get(port, path)).status).toBe(400)
    // a desk that ends leaves its port, and with it the passkeys' name, to whoever is there first
    for (const path of ["/\\", "/\\[", "/\\evil.example/"]) expect((await get(port, path)).status).toBe(400)
    expect((await get(port, "/")).status).toBe(200)
  })

  test("[K3.3] answers to its own name only, so that no page elsewhere can reach it under another", async () => {
    const port = await freePort()
    await deskAt(port)
    for (const host of [
      "evil.example",
      `localhost:${port}`,
      `127.0.0.1:${port}`,
      "holdfast.localhost",
      `x.holdfast.localhost:${port}`,
    ]) {
      const got = await get(port, "/", { host })
      expect(got).toMatchObject({ status: 421 })
      expect(got.body).not.toContain("<html>")
    }
    expect((await get(port, "/", { method: "POST" })).status).toBe(405)
  })

  test("[K3.3] its headers allow the page what a relay's page may, and other origins nothing", async () => {
    const port = await freePort()
    await deskAt(port)
    const { headers } = await get(port, "/")
    expect(headers["content-security-policy"]).toBe(contentSecurityPolicy)
    expect(headers).toMatchObject({
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-embedder-policy": "require-corp",
      "cross-origin-resource-policy": "same-origin",
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      "x-frame-options": "DENY",
    })
    expect(Object.keys(headers).filter((name) => name.startsWith("access-control"))).toEqual([])
  })

  test("[K3.2] takes no other port when somebody has its own, on either address of this machine", async () => {
    const port = await freePort()
    await deskAt(port)
    await expect(deskAt(port)).rejects.toThrow(/in use by another program/)
  })
})

describe("[K3.2] its port", () => {
  test("is random at first, and then always the same", async () => {
    const where = folder()
    const port = await deskPort(where, undefined)
    expect(port).toBeGreaterThanOrEqual(20_000)
    expect(port).toBeLessThan(30_000)
    expect(await deskPort(where, undefined)).toBe(port)
    expect(await deskPort(where, port)).toBe(port)
    await expect(deskPort(where, port + 1)).rejects.toThrow(/has port \d+, and passkeys/)
  })

  test("may be chosen once", async () => {
    const where = folder()
    expect(await deskPort(where, 4_400)).toBe(4_400)
    expect(readFileSync(path.join(where, "port"), "utf8")).toBe("4400\n")
    expect(await deskPort(where, undefined)).toBe(4_400)
  })

  test("is not made up anew when the file was damaged", async () => {
    const where = folder()
    writeFileSync(path.join(where, "port"), "not a port\n")
    await expect(deskPort(where, undefined)).rejects.toThrow(/holds no port/)
  })
})

test.each([
  "relay.example",
  "ftp://relay.example",
  'https://relay.example/" onload="',
  "https://relay.example/path",
  "https://a:b@relay.example",
])("a relay's address that is none is refused: %s", async (relay) => {
  expect((await run(["desk", "--relay", relay, "--data", folder()])).code).toBe(2)
})
