import {
  bytes,
  type ConversationId,
  decode,
  encode,
  everyoneConversationOf,
  type LaneId,
  labelledHash,
  message,
  type Of,
  type OrgId,
  required,
  toConversationId,
  uint,
} from "@holdfast/wire"

export type ConversationKind = "everyone" | "direct" | "group"
const numberByKind = { everyone: 1, direct: 2, group: 3 } as const
const kinds: readonly (ConversationKind | undefined)[] = [undefined, "everyone", "direct", "group"]

/** `undefined`: of a later version. */
export const kindOfNumber = (number: number): ConversationKind | undefined => kinds[number]
export const numberOfKind = (kind: ConversationKind): number => numberByKind[kind]

export const nonceBytes = 16

const BindingSchema = message("Binding", {
  org: required(1, bytes<OrgId>({ length: 32 })),
  lane: required(2, bytes<LaneId>({ length: 16 })),
  kind: required(3, uint(3)),
  nonce: required(4, bytes({ length: nonceBytes })),
})

/** What a group is, held in its GroupContext: no commit can change it, and every message authenticates it (N6.1). */
export interface Binding extends Omit<Of<typeof BindingSchema>, "kind"> {
  readonly kind: ConversationKind
}

export function encodeBinding(binding: Binding): Uint8Array<ArrayBuffer> {
  return encode(BindingSchema, { ...binding, kind: numberByKind[binding.kind] })
}

/** Strict; throws WireError. `undefined`: a kind of a later version. */
export function decodeBinding(input: Uint8Array): Binding | undefined {
  const binding = decode(BindingSchema, input)
  const kind = kinds[binding.kind]
  return kind === undefined ? undefined : { ...binding, kind }
}

/** The only id that a group of this binding may have, so that no group can be passed off as another (N6.1). */
export function conversationIdOf(binding: Binding): ConversationId {
  if (binding.kind === "everyone") return everyoneConversationOf(binding.org)
  return toConversationId(labelledHash("holdfast/conversation/v1", encodeBinding(binding)))
}
