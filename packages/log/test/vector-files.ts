import { readdirSync, readFileSync } from "node:fs"
import path from "node:path"

const root = path.resolve(import.meta.dirname, "../../../vectors")

export function readVector<T>(file: string): T {
  return JSON.parse(readFileSync(path.join(root, file), "utf8")) as T
}

/** The JSON files below a folder of vectors, in a stable order. */
export function vectorFiles(folder: string): string[] {
  return readdirSync(path.join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".json"))
    .sort()
    .map((name) => path.join(folder, name))
}

export const fromBase64 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "base64"))
export const fromHex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "hex"))
export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)
