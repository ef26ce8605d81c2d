import {
  COSIGNATURE,
  formatAddCheckpoint,
  type Hash,
  LogError,
  type NoteKey,
  type NoteSignature,
  parseCheckpoint,
  parseNote,
  parseSignatureLines,
  parseTreeSize,
  verifyNote,
} from "@holdfast/log"

export interface CosignDeps {
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>
  /** Milliseconds since 1970. */
  readonly now: () => number
}

export interface CosignRequest {
  /** The witness's submission prefix, with or without a slash at its end. */
  readonly url: string
  /** Type 04: whose cosignature is expected. */
  readonly witnessKey: NoteKey
  /** The signed note of our checkpoint. */
  readonly checkpoint: Uint8Array
  /** The size that this witness cosigned last, as far as we know; 0 when we do not. Never above the checkpoint's. */
  readonly knownSize: number
  /** The consistency proof from a size (above 0 and below the checkpoint's) to the checkpoint's. */
  readonly prove: (oldSize: number) => Promise<readonly Hash[]> | readonly Hash[]
  /** For everything together, a second try included. */
  readonly deadlineMillis: number
  /** How far the cosignature's time may be from our clock. Default: 600. */
  readonly maxSkewSeconds?: number
}

/**
 * Why there is no cosignature; the list is closed. (V6.4)
 *
 * - `unreachable`: no answer, or the connection broke; `timeout`: not in time
 * - `refused`: the status says which check failed, or that it cannot do it now
 * - `ahead`: it has cosigned a larger tree than this one. Either we have lost entries, or somebody signs with our key
 * - `conflict`: it told a size, and when asked from there, another
 * - `malformed`, `too_large`: an answer that is not in the one form
 * - `not_cosigned`: no line by the expected key; `bad_signature`: such a line that does not verify
 * - `wrong_time`: a cosignature of a time too far from ours
 */
export type CosignFailure =
  | "unreachable"
  | "timeout"
  | "refused"
  | "ahead"
  | "conflict"
  | "malformed"
  | "too_large"
  | "not_cosigned"
  | "bad_signature"
  | "wrong_time"

export type CosignOutcome =
  | {
      readonly kind: "cosigned"
      /** To be added to the note. */
      readonly line: NoteSignature
      /** Seconds since 1970. */
      readonly timestamp: number
    }
  | {
      readonly kind: "failed"
      readonly why: CosignFailure
      readonly status?: number
      /** The size that the witness says it has cosigned. Not signed: anyone on the way can say so. */
      readonly witnessSize?: number
    }

/** An answer may carry lines of other keys, post-quantum ones too. */
const maxAnswerBytes = 65_536

/**
 * Asks a witness to cosign a checkpoint. When it has another size in mind than we, asks once more from there. What comes back is verified under
 * `witnessKey` over our own text, so neither the witness nor anyone on the way can make us take anything else.
 * Throws LogError for a `checkpoint` or `witnessKey` that is not of the right form, and whatever `prove` throws; nothing else. (V6)
 */
export async function cosignWith(deps: CosignDeps, request: CosignRequest): Promise<CosignOutcome> {
  if (request.witnessKey.type !== COSIGNATURE) throw new LogError("malformed", "key type")
  const { text } = parseNote(request.checkpoint)
  const { size } = parseCheckpoint(text)
  const deadline = new AbortController()
  const timer = setTimeout(() => deadline.abort(), request.deadlineMillis)
  try {
    const first = await ask(deps, request, size, request.knownSize, deadline.signal)
    const told = first.kind === "other_size" ? first.size : undefined
    if (told === undefined) return await outcomeOf(deps, request, text, first)
    if (told > size) return { kind: "failed", why: "ahead", status: 409, witnessSize: told }
    if (told === request.knownSize) return { kind: "failed", why: "conflict", status: 409, witnessSize: told }
    const second = await ask(deps, request, size, told, deadline.signal)
    return await outcomeOf(deps, request, text, second)
  } finally {
    clearTimeout(timer)
    deadline.abort()
  }
}

type Reply =
  | { readonly kind: "lines"; readonly body: Uint8Array }
  | { readonly kind: "other_size"; readonly size: number }
  | { readonly kind: "failed"; readonly why: CosignFailure; readonly status?: number }

async function ask(
  deps: CosignDeps,
  { url, checkpoint, prove }: CosignRequest,
  size: number,
  oldSize: number,
  signal: AbortSignal,
): Promise<Reply> {
  const proof = oldSize === 0 || oldSize === size ? [] : await prove(oldSize)
  const body = formatAddCheckpoint({ oldSize, proof, note: checkpoint })
  if (signal.aborted) return { kind: "failed", why: "timeout" }
  try {
    const response = await deps.fetch(`${url.replace(/\/$/, "")}/add-checkpoint`, {
      method: "POST",
      headers: { "content-type": "text/plain; charset=utf-8" },
      body,
      redirect: "error",
      signal,
    })
    return await readReply(response)
  } catch (error) {
    if (error instanceof LogError)
      return { kind: "failed", why: error.code === "too_large" ? "too_large" : "malformed" }
    return { kind: "failed", why: signal.aborted ? "timeout" : "unreachable" }
  }
}

async function readReply(response: Response): Promise<Reply> {
  const { status } = response
  if (status !== 200 && status !== 409) {
    await response.body?.cancel()
    return { kind: "failed", why: "refused", status }
  }
  const body = await readBody(response, maxAnswerBytes)
  if (status === 200) return { kind: "lines", body }
  return { kind: "other_size", size: parseTreeSize(body) }
}

async function readBody(response: Response, maxBytes: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let length = 0
  const reader = response.body?.getReader()
  for (let next = await reader?.read(); next?.value !== undefined; next = await reader?.read()) {
    length += next.value.length
    if (length > maxBytes) {
      await reader?.cancel()
      throw new LogError("too_large", "answer of a witness")
    }
    parts.push(next.value)
  }
  return new Uint8Array(Buffer.concat(parts))
}

async function outcomeOf(
  deps: CosignDeps,
  { witnessKey, maxSkewSeconds = 600 }: CosignRequest,
  text: string,
  reply: Reply,
): Promise<CosignOutcome> {
  if (reply.kind === "failed") return reply
  if (reply.kind === "other_size") return { kind: "failed", why: "conflict", status: 409, witnessSize: reply.size }
  try {
    const lines = parseSignatureLines(reply.body)
    const line = lines.find(({ name, keyId }) => name === witnessKey.name && keyId === witnessKey.keyId)
    if (line === undefined) return { kind: "failed", why: "not_cosigned", status: 200 }
    const [verified] = await verifyNote({ text, signatures: [line] }, [witnessKey])
    const timestamp = verified?.timestamp ?? 0
    const isNear = Math.abs(timestamp - deps.now() / 1_000) <= maxSkewSeconds
    return isNear ? { kind: "cosigned", line, timestamp } : { kind: "failed", why: "wrong_time", status: 200 }
  } catch (error) {
    if (!(error instanceof LogError)) throw error
    const why =
      error.code === "bad_signature" ? "bad_signature" : error.code === "too_large" ? "too_large" : "malformed"
    return { kind: "failed", why, status: 200 }
  }
}
