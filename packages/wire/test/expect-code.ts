import { expect } from "vitest"
import { type WireCode, WireError } from "../src/error.ts"

export function expectCode(code: WireCode, work: () => unknown): void {
  try {
    work()
  } catch (error) {
    expect(error).toBeInstanceOf(WireError)
    expect((error as WireError).code).toBe(code)
    return
  }
  expect.unreachable(`accepted what should be ${code}`)
}
