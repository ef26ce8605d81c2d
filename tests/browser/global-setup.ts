// Once before all suites: the web client as people get it.
import { ensureWebBuilt } from "../../apps/holdfast/src/web-build.ts"

export async function setup(): Promise<void> {
  await ensureWebBuilt((sentence) => console.log(sentence))
}
