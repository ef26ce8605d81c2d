import { argon2 } from "node:crypto"
import { promisify } from "node:util"

export interface StretchCost {
  readonly memoryKiB: number
  readonly passes: number
  readonly lanes: number
}

/** Argon2id of a passphrase, 32 bytes. */
export async function stretch(passphrase: string, salt: Uint8Array, cost: StretchCost): Promise<Uint8Array> {
  return new Uint8Array(
    await promisify(argon2)("argon2id", {
      message: passphrase,
      nonce: salt,
      memory: cost.memoryKiB,
      passes: cost.passes,
      parallelism: cost.lanes,
      tagLength: 32,
    }),
  )
}
