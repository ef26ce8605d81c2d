// The Go programs of this folder and litewitness, at the versions that go.sum pins, built into a temporary folder.
import { spawnSync } from "node:child_process"
import path from "node:path"

const source = path.join(import.meta.dirname, "go")
const packages = ["./oracle", "./make-log", "./verify-export", "./agent", "filippo.io/torchwood/cmd/litewitness"]

/** What Go says when modules cannot be had; anything else that goes wrong is a failure of ours. */
const unreachable =
  /dial tcp|no such host|connection refused|i\/o timeout|Forbidden|module lookup disabled|TLS handshake|server misbehaving|50[0-9] /

export type Built = { readonly kind: "built" } | { readonly kind: "missing" | "failed"; readonly sentence: string }

/** Without `wanted`: all of them. */
export function buildGoPrograms(into: string, wanted: readonly string[] = packages): Built {
  const go = (...args: readonly string[]) =>
    spawnSync("go", args, { cwd: source, encoding: "utf8", env: { ...process.env, GOWORK: "off" } })
  const version = go("version")
  if (version.error !== undefined)
    return { kind: "missing", sentence: "Go is not installed here. Install Go 1.26 or newer and run this again." }
  const found = go("list", "-deps", ...wanted)
  if (found.status !== 0 && (unreachable.test(found.stderr) || /requires go >=|toolchain/.test(found.stderr)))
    return { kind: "missing", sentence: `Go's modules cannot be had from here. Go says:\n${lastLines(found.stderr)}` }
  const built = go("build", "-o", `${into}${path.sep}`, ...wanted)
  if (built.status !== 0)
    return { kind: "failed", sentence: `The Go programs do not build:\n${lastLines(built.stderr)}` }
  return { kind: "built" }
}

function lastLines(text: string): string {
  return text.trim().split("\n").slice(-8).join("\n")
}
