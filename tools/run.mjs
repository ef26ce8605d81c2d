// Starts a TypeScript program of this project on a Node that can run it.
// npm puts node_modules/.bin first on PATH, so the pinned platform packages bring their own Node;
// where there is none, the system's Node has to be new enough (WebCrypto with ML-KEM, node:sqlite, type stripping).

import path from "node:path"
import { pathToFileURL } from "node:url"

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number)
if (major < 24 || (major === 24 && minor < 7)) {
  console.error(
    `Holdfast needs Node 24.7 or newer and this is ${process.versions.node}. ` +
      "On Linux and Windows `npm ci` brings one by itself; run the command through npm (for example `npm start`). " +
      "On other systems install Node 24.7 or newer.",
  )
  process.exit(1)
}
const target = process.argv[2]
if (target === undefined) {
  console.error("usage: node tools/run.mjs FILE [ARGUMENTS]")
  process.exit(2)
}
const warned = process.emitWarning
// Parts of Node that we rely on and test still announce themselves as experimental; all other warnings stay.
process.emitWarning = (warning, ...rest) => {
  if (/SQLite is an experimental|Web Crypto API .* is an experimental/.test(String(warning))) return
  warned.call(process, warning, ...rest)
}
const file = path.resolve(target)
process.argv.splice(1, 2, file)
await import(pathToFileURL(file).href)
