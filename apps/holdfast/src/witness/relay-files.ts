/** Files of a relay that may be turned: each with a bound of bytes and time, no redirections. */
export interface RelayFiles {
  /** `undefined`: not there. Throws for anything else that goes wrong; what the relay says about it is not passed on. */
  read(file: string, maxBytes: number): Promise<Uint8Array | undefined>
}

const readMillis = 30_000

export function relayFiles(url: string, orgHex: string): RelayFiles {
  const base = new URL(`/v1/orgs/${orgHex}/charter/`, url)
  return {
    async read(file, maxBytes) {
      const signal = AbortSignal.timeout(readMillis)
      const answer = await fetch(new URL(file, base), { redirect: "error", signal })
      if (answer.status === 404) {
        await answer.body?.cancel()
        return undefined
      }
      if (!answer.ok) {
        await answer.body?.cancel()
        throw new Error(`status ${answer.status}`)
      }
      return readAtMost(answer, maxBytes)
    },
  }
}

async function readAtMost(answer: Response, maxBytes: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let length = 0
  const reader = answer.body?.getReader()
  for (let next = await reader?.read(); next?.value !== undefined; next = await reader?.read()) {
    length += next.value.length
    if (length > maxBytes) {
      await reader?.cancel()
      throw new Error("too long")
    }
    parts.push(next.value)
  }
  return new Uint8Array(Buffer.concat(parts))
}
