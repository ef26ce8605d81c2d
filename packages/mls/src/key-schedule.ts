import type { GroupContext } from "ts-mls"
import type { KeySchedule } from "ts-mls/keySchedule.js"
import { contextBytes } from "./framing.ts"
import { expandWithLabel } from "./secret-tree.ts"
import type { Hkdf } from "./suite/hkdf.ts"

/**
 * The key schedule of an epoch (RFC 9420 section 8). The library's does the same in thirty asynchronous steps, each of
 * which encodes its label anew; which is a twentieth of a small commit.
 */
export interface EpochSecrets {
  readonly keys: KeySchedule
  readonly joinerSecret: Uint8Array
  readonly welcomeSecret: Uint8Array
  readonly encryptionSecret: Uint8Array
}

const none = new Uint8Array()

export function secretsOfJoiner(
  hkdf: Hkdf,
  joinerSecret: Uint8Array,
  context: GroupContext,
  pskSecret: Uint8Array = new Uint8Array(hkdf.size),
): EpochSecrets {
  const member = hkdf.extract(joinerSecret, pskSecret)
  const epoch = expandWithLabel(hkdf, member, "epoch", contextBytes(context))
  const of = (label: string) => expandWithLabel(hkdf, epoch, label, none)
  return {
    joinerSecret,
    welcomeSecret: expandWithLabel(hkdf, member, "welcome", none),
    encryptionSecret: of("encryption"),
    keys: {
      initSecret: of("init"),
      senderDataSecret: of("sender data"),
      exporterSecret: of("exporter"),
      externalSecret: of("external"),
      confirmationKey: of("confirm"),
      membershipKey: of("membership"),
      resumptionPsk: of("resumption"),
      epochAuthenticator: of("authentication"),
    },
  }
}

export function secretsOfNextEpoch(
  hkdf: Hkdf,
  initSecret: Uint8Array,
  commitSecret: Uint8Array,
  context: GroupContext,
  pskSecret?: Uint8Array,
): EpochSecrets {
  const joinerSecret = expandWithLabel(hkdf, hkdf.extract(initSecret, commitSecret), "joiner", contextBytes(context))
  return secretsOfJoiner(hkdf, joinerSecret, context, pskSecret)
}
