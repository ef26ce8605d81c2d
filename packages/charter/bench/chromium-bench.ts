// The same replay as in Node, in a real browser: what a person waits for who opens the web client for the first time.
import { existsSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import path from "node:path"
import { chromium, type Page } from "playwright-core"
import { build, type Rolldown } from "vite"
import type { Organisation } from "../test/people.ts"
import { bounded, type CharterFigure, quantile } from "./charter-bench.ts"
import { packed, withKeys, withPasskeys } from "./histories.ts"

const rounds = 5
const maxMillis = 5_000
const executablePath = process.env.HOLDFAST_CHROMIUM ?? "/usr/bin/chromium"

async function pageScript(): Promise<string> {
  const built = (await build({
    root: import.meta.dirname,
    configFile: false,
    logLevel: "warn",
    publicDir: false,
    build: {
      write: false,
      target: "es2024",
      lib: { entry: path.join(import.meta.dirname, "page.ts"), formats: ["es"], fileName: "page" },
    },
  })) as Rolldown.RolldownOutput[]
  const [file, ...others] = built.flatMap(({ output }) => output)
  if (file === undefined || !("code" in file) || others.length > 0) throw new Error("the page is not one script")
  return file.code
}

async function serve(script: string, histories: readonly Organisation[]) {
  const server = createServer((request, response) => {
    const history = histories[Number(request.url?.slice("/history/".length))]
    if (request.url === "/") response.setHeader("content-type", "text/html")
    if (request.url === "/page.js") response.setHeader("content-type", "text/javascript")
    if (request.url === "/")
      response.end('<!doctype html><title>bench</title><script type="module" src="/page.js"></script>')
    else if (request.url === "/page.js") response.end(script)
    else response.end(history === undefined ? undefined : packed(history.entries))
  })
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening))
  const { port } = server.address() as AddressInfo
  return { address: `http://localhost:${port}`, close: () => server.close() }
}

async function medianIn(page: Page, address: string, { orgId, charter }: Organisation): Promise<number> {
  const times: number[] = []
  for (let round = -1; round < rounds; round++) {
    const { millis, ...end } = await page.evaluate(
      ([from, org]) => {
        const { replayFrom } = globalThis as unknown as {
          replayFrom(
            address: string,
            org: readonly number[],
          ): Promise<{ millis: number; members: number; refused: number }>
        }
        return replayFrom(from, org)
      },
      [address, [...orgId]] as const,
    )
    if (end.members !== charter.state.members.size || end.refused > 0)
      throw new Error(`the page admitted ${end.members} members`)
    if (round >= 0) times.push(millis)
  }
  return quantile(times, 0.5)
}

/** Says so, and measures nothing, where there is no Chromium. */
export async function* chromiumFigures(options: { readonly members?: number } = {}): AsyncIterable<CharterFigure> {
  if (!existsSync(executablePath)) {
    console.error(`  SKIPPED: no Chromium at ${executablePath} (HOLDFAST_CHROMIUM names another)`)
    yield { ...bounded("charter replay in Chromium: SKIPPED, there is none", 0, maxMillis), goal: null, met: null }
    return
  }
  const members = options.members ?? 10_000
  const many = `${members.toLocaleString("en")} members`
  const histories = [await withKeys(members), await withPasskeys(members)] as const
  const server = await serve(await pageScript(), histories)
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] })
  try {
    const page = await browser.newPage()
    await page.goto(`${server.address}/`)
    await page.waitForFunction(() => "replayFrom" in globalThis)
    const names = [many, `${many}, approved with passkeys (ES256)`]
    for (const [i, history] of histories.entries()) {
      const value = await medianIn(page, `${server.address}/history/${i}`, history)
      const name = `charter replay in Chromium ${browser.version().split(".")[0]}, ${names[i]}`
      yield bounded(name, value, maxMillis)
    }
  } finally {
    await browser.close()
    server.close()
  }
}
