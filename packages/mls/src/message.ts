import { type ConversationId, toConversationId } from "@holdfast/wire"
import { MlsError } from "./error.ts"
import { type Content, type ContentType, decodeOuter, encodeApplication, protect, signContent } from "./framing.ts"
import { currentEpoch, type Group, stateOf, toGroup } from "./group.ts"
import { suiteOf } from "./suite/suite.ts"

/** What a message says on its outside. Nothing of it is authenticated until `receive` has opened the message (M6.3). */
export interface Inspected {
  readonly groupId: ConversationId
  readonly epoch: bigint
  readonly contentType: ContentType
  readonly authenticatedData: Uint8Array
}

/** Throws `malformed`. */
export function inspect(message: Uint8Array): Inspected {
  const { groupId, epoch, contentType, authenticatedData } = decodeOuter(message)
  if (groupId.length !== 32) throw new MlsError("malformed", "message")
  return { groupId: toConversationId(groupId), epoch, contentType, authenticatedData }
}

/**
 * An application message and the state after it. The old state must not send again: its next key is the one just used.
 * No padding is added here; frames are padded to size classes around the message. The caller has made sure that no
 * stranger is in the group (M4.5).
 */
export async function encrypt(
  group: Group,
  plaintext: Uint8Array,
  authenticatedData: Uint8Array = none,
): Promise<{ group: Group; message: Uint8Array }> {
  const suite = await suiteOf()
  const state = stateOf(group)
  const content: Content = {
    type: "application",
    sender: state.ownLeaf,
    authenticatedData,
    body: encodeApplication(plaintext),
  }
  const signature = signContent(suite, state.signatureKey, state.context, content)
  const { secrets, message } = await protect(suite, currentEpoch(state), content, signature, none)
  return { group: toGroup({ ...state, secrets }), message }
}

const none = new Uint8Array()
