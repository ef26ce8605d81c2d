// A page with one bundle in it and nothing else, over http on localhost as the product is.
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { build, type Rolldown } from "vite"
import { webSettings } from "../../../apps/web/build-settings.ts"

export interface BuiltPage {
  readonly port: number
  close(): Promise<void>
}

export interface PageScript {
  /** The element that loads it. */
  readonly element: string
  readonly files: ReadonlyMap<string, string | Uint8Array>
}

/** Bundles a script and what it imports, as the product's pages are bundled. */
export async function buildScript(folder: string, file: string): Promise<PageScript> {
  const { resolve } = webSettings(folder)
  const built = (await build({
    root: folder,
    configFile: false,
    logLevel: "warn",
    publicDir: false,
    ...(resolve === undefined ? {} : { resolve }),
    build: {
      write: false,
      target: "es2024",
      minify: false,
      lib: { entry: file, formats: ["es"], fileName: "page" },
    },
  })) as Rolldown.RolldownOutput[]
  const files = new Map(
    built.flatMap(({ output }) =>
      output.map((file) => [`/${file.fileName}`, "code" in file ? file.code : file.source] as const),
    ),
  )
  const entry = [...files.keys()].find((name) => name.startsWith("/page"))
  return { element: `<script type="module" src="${entry}"></script>`, files }
}

/** Serves the script under "/" on every name that means this computer. */
export async function servePage(script: PageScript, title: string): Promise<BuiltPage> {
  const server = createServer((request, response) => {
    const name = request.url ?? "/"
    const file = script.files.get(name)
    if (name === "/") {
      response.setHeader("content-type", "text/html")
      response.end(`<!doctype html><title>${title}</title><link rel="icon" href="data:,">${script.element}`)
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
    port: (server.address() as AddressInfo).port,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}
