import { execFileSync } from "node:child_process"
import { existsSync, readdirSync } from "node:fs"
import path from "node:path"

export const repoRoot = path.resolve(import.meta.dirname, "../..")

const skipped = new Set(["node_modules", "dist", "data", "test-results"])

/** TypeScript files below a folder, as paths relative to `root` with forward slashes, sorted. */
export function sourceFiles(root: string, folders: readonly string[]): string[] {
  const found: string[] = []
  const visit = (folder: string) => {
    for (const entry of readdirSync(path.join(root, folder), { withFileTypes: true })) {
      const name = folder === "" ? entry.name : `${folder}/${entry.name}`
      if (entry.isDirectory()) {
        if (!skipped.has(entry.name) && !entry.name.startsWith(".")) visit(name)
      } else if (/\.[cm]?tsx?$/.test(entry.name)) found.push(name)
    }
  }
  for (const folder of folders) if (existsSync(path.join(root, folder))) visit(folder)
  return found.sort()
}

/** Files that git knows, or would take with the next `git add`. */
export function trackedFiles(root: string): string[] {
  const list = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], { cwd: root })
  return [...new Set(list.toString("utf8").split("\0"))].filter(
    (file) => file !== "" && existsSync(path.join(root, file)),
  )
}
