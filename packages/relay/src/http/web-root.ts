import { readdir, readFile } from "node:fs/promises"
import path from "node:path"
import { RelayStartError } from "../error.ts"

/** What the page may do: its own scripts only, and talk to any relay the charter names. (R8.8) */
export const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "connect-src 'self' ws: wss: http: https:",
  "img-src 'self' blob: data:",
  "media-src 'self' blob:",
  "worker-src 'self'",
  "manifest-src 'self'",
  "font-src 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ")

const typeByExtension: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".map": "application/json",
  ".webmanifest": "application/manifest+json",
  ".wasm": "application/wasm",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".jpg": "image/jpeg",
  ".webp": "image/webp",
  ".ico": "image/x-icon",
  ".woff2": "font/woff2",
  ".txt": "text/plain; charset=utf-8",
}

interface WebFile {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly type: string
  readonly isHashed: boolean
}

/** The web client's files. */
export interface WebRoot {
  /** The page itself for every path without a file that a person might have opened. `undefined`: nothing to show there. */
  serve(pathname: string, accepts: string): Promise<Response | undefined>
}

/**
 * Reads the folder once, a few megabytes: what was not in it is not served, so no path leads out of it, and a client that
 * is built anew meanwhile is not served half (R8.7). Links are left out. Throws RelayStartError `web_missing`.
 */
export async function openWebRoot(folder: string): Promise<WebRoot> {
  const fileByPath = await filesOf(folder)
  const index = fileByPath.get("/index.html")
  if (index === undefined) {
    throw new RelayStartError("web_missing", `The web client is not in ${folder}. Build it with: npm run build:web`)
  }
  return {
    async serve(pathname, accepts) {
      const found = fileByPath.get(pathname === "/" ? "/index.html" : pathname)
      if (found !== undefined) return respond(found)
      const isPage = accepts.includes("text/html") && path.posix.extname(pathname) === ""
      return isPage ? respond(index) : undefined
    },
  }
}

async function filesOf(folder: string): Promise<ReadonlyMap<string, WebFile>> {
  const fileByPath = new Map<string, WebFile>()
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  for (const entry of entries) {
    if (!entry.isFile()) continue
    const file = path.join(entry.parentPath, entry.name)
    const pathname = `/${path.relative(folder, file).split(path.sep).join("/")}`
    const type = typeByExtension[path.extname(entry.name).toLowerCase()] ?? "application/octet-stream"
    const bytes = new Uint8Array(await readFile(file))
    fileByPath.set(pathname, { bytes, type, isHashed: /^\/assets\/.+-[\w-]{8}\.\w+$/.test(pathname) })
  }
  return fileByPath
}

function respond({ bytes, type, isHashed }: WebFile): Response {
  const isPage = type.startsWith("text/html")
  const cache = isHashed ? "public, max-age=31536000, immutable" : isPage ? "no-store" : "no-cache"
  return new Response(bytes, {
    headers: {
      "content-type": type,
      "cache-control": cache,
      "content-security-policy": contentSecurityPolicy,
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-embedder-policy": "require-corp",
      "cross-origin-resource-policy": "same-origin",
      "permissions-policy": "camera=(self), microphone=(self), geolocation=(), payment=(), usb=()",
      "x-frame-options": "DENY",
    },
  })
}
