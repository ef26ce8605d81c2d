// A page of its own with the probes in it, over http on localhost as the product is.
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import path from "node:path"
import { build, type Rolldown } from "vite"
import { webSettings } from "../../../apps/web/build-settings.ts"

export async function serveProbes(): Promise<{ address: string; close(): Promise<void> }> {
  const { resolve } = webSettings(import.meta.dirname)
  const built = (await build({
    root: import.meta.dirname,
    configFile: false,
    logLevel: "warn",
    publicDir: false,
    ...(resolve === undefined ? {} : { resolve }),
    build: {
      write: false,
      target: "es2024",
      minify: false,
      lib: { entry: path.join(import.meta.dirname, "page.ts"), formats: ["es"], fileName: "page" },
    },
  })) as Rolldown.RolldownOutput[]
  const files = new Map(
    built.flatMap(({ output }) =>
      output.map((file) => [`/${file.fileName}`, "code" in file ? file.code : file.source]),
    ),
  )
  const entry = [...files.keys()].find((name) => name.startsWith("/page"))
  const server = createServer((request, response) => {
    const name = request.url ?? "/"
    const file = files.get(name)
    if (name === "/") {
      response.setHeader("content-type", "text/html")
      response.end(`<!doctype html><title>probes</title><script type="module" src="${entry}"></script>`)
    } else if (file === undefined) {
      response.statusCode = 404
      response.end()
    } else {
      response.setHeader("content-type", "text/javascript")
      response.end(file)
    }
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  return {
    address: `http://localhost:${(server.address() as AddressInfo).port}/`,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}
