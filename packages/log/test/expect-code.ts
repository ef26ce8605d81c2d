import { expect } from "vitest"
import { type LogCode, LogError } from "../src/index.ts"

export function codeOf(act: () => unknown): LogCode | "accepted" {
  try {
    act()
  } catch (error) {
    if (error instanceof LogError) return error.code
    throw error
  }
  return "accepted"
}

export function expectCode(code: LogCode, act: () => unknown): void {
  expect(codeOf(act)).toBe(code)
}

export async function expectCodeLater(code: LogCode, act: Promise<unknown>): Promise<void> {
  const outcome = await act.then(
    () => "accepted",
    (error: unknown) => error,
  )
  expect(outcome).toBeInstanceOf(LogError)
  expect((outcome as LogError).code).toBe(code)
}
