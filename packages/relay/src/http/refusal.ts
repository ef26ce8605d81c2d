import type { RelayErrorCode } from "@holdfast/wire"
import { relayErrorOf } from "../connection.ts"
import { EngineError } from "../engine/lane-engine.ts"
import { RelayError } from "../error.ts"

export type HttpCode = RelayErrorCode | "not_found" | "bad_range" | "wrong_method"

/** The one place where a refusal becomes a status (R8.6). */
const statusOf: Readonly<Record<HttpCode, number>> = {
  malformed: 400,
  unsupported_version: 400,
  not_authenticated: 401,
  forbidden: 403,
  unknown_organisation: 404,
  unknown_lane: 404,
  not_found: 404,
  wrong_method: 405,
  already_exists: 409,
  conflict: 409,
  pruned: 410,
  too_large: 413,
  bad_range: 416,
  refused: 422,
  too_many: 429,
  quota: 429,
  unavailable: 503,
  storage_full: 507,
}

const sentenceOf: Readonly<Record<HttpCode, string>> = {
  malformed: "The request is not in the form that this relay accepts.",
  unsupported_version: "This relay speaks another version.",
  not_authenticated: "There is no open session for this request.",
  forbidden: "This session may not do that.",
  unknown_organisation: "This relay does not host that organisation.",
  unknown_lane: "There is no such lane.",
  not_found: "There is nothing here.",
  wrong_method: "That cannot be done here.",
  already_exists: "It is there already.",
  conflict: "It is there already, and differs.",
  pruned: "It is too old and was deleted.",
  too_large: "It is larger than this relay accepts.",
  bad_range: "It does not have that range.",
  refused: "The organisation's rules do not allow it.",
  too_many: "Too many at once. Try again later.",
  quota: "The allowance for today is used up.",
  unavailable: "The relay cannot do that at the moment. Try again.",
  storage_full: "The relay has no room left.",
}

/** A refusal as JSON: the code for programs, a sentence for people. */
export function refuse(code: HttpCode, retryAfterSeconds?: number): Response {
  const headers = new Headers({ "content-type": "application/json", "cache-control": "no-store" })
  if (retryAfterSeconds !== undefined) headers.set("retry-after", String(retryAfterSeconds))
  if (code === "not_authenticated") headers.set("www-authenticate", "Bearer")
  return new Response(JSON.stringify({ error: code, sentence: sentenceOf[code] }), { status: statusOf[code], headers })
}

/** Nothing of the error itself goes out. Errors that are not refusals are for the caller to log. */
export function refuseError(error: unknown): Response {
  if (error instanceof EngineError) return refuseError(relayErrorOf(error))
  if (!(error instanceof RelayError)) return refuse("unavailable")
  return refuse(error.reason === "range" ? "bad_range" : error.code, error.retryAfterSeconds)
}
