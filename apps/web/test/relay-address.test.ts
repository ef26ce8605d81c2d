import { afterEach, expect, test, vi } from "vitest"
import { invitationLink, isLocalAddress } from "../src/state/invitation.ts"
import { relayAddress } from "../src/state/relay-address.ts"

afterEach(() => vi.unstubAllGlobals())

function pageAt(address: string, named: string | null = null): void {
  vi.stubGlobal("location", new URL(address))
  vi.stubGlobal("document", { querySelector: () => (named === null ? null : { getAttribute: () => named }) })
}

test("[K3.4] a desk says where organisations are founded, and invitations lead there", () => {
  pageAt("http://holdfast.localhost:21234/", "https://relay.example")
  expect(relayAddress()).toBe("https://relay.example")
  expect(invitationLink("hf1abc")).toBe("https://relay.example/#/join/hf1abc")
  expect(isLocalAddress()).toBe(false)
})

test.each([
  ["https://relay.example", "https://relay.example", false],
  ["http://localhost:7100", "http://localhost:7100", true],
  ["http://holdfast.localhost:7100", "http://localhost:7100", true],
  ["http://127.0.0.1:7100", "http://127.0.0.1:7100", true],
])("a page from the relay itself: at %s it is %s", (address, expected, isLocal) => {
  pageAt(address)
  expect(relayAddress()).toBe(expected)
  expect(isLocalAddress()).toBe(isLocal)
  expect(invitationLink("hf1abc")).toBe(`${address}/#/join/hf1abc`)
})
