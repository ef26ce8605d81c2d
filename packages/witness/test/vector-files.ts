import { readFileSync } from "node:fs"
import path from "node:path"

const root = path.resolve(import.meta.dirname, "../../../vectors")

export function readVector<T>(file: string): T {
  return JSON.parse(readFileSync(path.join(root, file), "utf8")) as T
}
