// The address bar's fragment is the only place where navigation lives; it never leaves the browser.

export type Route =
  | { readonly at: "home" }
  | { readonly at: "conversation"; readonly id: string; readonly readers: boolean }
  | { readonly at: "people" }
  /** The keepers' desk; `rules`: the editor. */
  | { readonly at: "decisions"; readonly part?: "rules" }
  /** The whole list, or everything about one entry. */
  | { readonly at: "timeline"; readonly entry?: number }
  | { readonly at: "notices" }
  | { readonly at: "settings" }
  | { readonly at: "found"; readonly code: string }
  | { readonly at: "join"; readonly invitation: string }

export function parseRoute(hash: string): Route {
  const [head = "", second = "", third = ""] = hash.replace(/^#?\/?/, "").split("/")
  switch (head) {
    case "c":
      return /^[0-9a-f]+$/.test(second)
        ? { at: "conversation", id: second, readers: third === "readers" }
        : { at: "home" }
    case "decisions":
      return second === "rules" ? { at: head, part: second } : { at: head }
    case "timeline":
      return /^\d{1,9}$/.test(second) ? { at: head, entry: Number(second) } : { at: head }
    case "people":
    case "notices":
    case "settings":
      return { at: head }
    case "found":
      return { at: "found", code: decoded(second) }
    case "join":
      return { at: "join", invitation: decoded(second) }
    default:
      return { at: "home" }
  }
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

export function linkTo(route: Route): string {
  switch (route.at) {
    case "home":
      return "#/"
    case "conversation":
      return `#/c/${route.id}${route.readers ? "/readers" : ""}`
    case "decisions":
      return route.part === undefined ? "#/decisions" : `#/decisions/${route.part}`
    case "timeline":
      return route.entry === undefined ? "#/timeline" : `#/timeline/${route.entry}`
    case "found":
      return `#/found/${encodeURIComponent(route.code)}`
    case "join":
      return `#/join/${encodeURIComponent(route.invitation)}`
    default:
      return `#/${route.at}`
  }
}

export function go(route: Route): void {
  location.hash = linkTo(route)
}

export const routeSource = {
  subscribe(listener: () => void): () => void {
    window.addEventListener("hashchange", listener)
    return () => window.removeEventListener("hashchange", listener)
  },
  snapshot: () => location.hash,
}

/** Codes and invitations are secrets: once read they go out of the address bar and out of the history. */
export function forgetAddress(): void {
  history.replaceState(null, "", `${location.pathname}${location.search}#/`)
  window.dispatchEvent(new HashChangeEvent("hashchange"))
}
