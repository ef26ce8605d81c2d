import type {
  Act,
  Change,
  Conversation,
  Governance,
  Id,
  Invite,
  OpenRequest,
  Overview,
  Person,
  Proposal,
  Reader,
  RulesDraft,
} from "@holdfast/client"
import type { RemoteClient } from "../engine/protocol.ts"
import { type MessageStore, messageStore } from "./message-window.ts"
import { type Resource, resourceOf } from "./resource.ts"

/** Everything that the screens show, kept up to date by the engine's changes. */
export interface Live {
  readonly overview: Resource<Overview>
  readonly people: Resource<readonly Person[]>
  readonly conversations: Resource<readonly Conversation[]>
  readonly timeline: Resource<readonly Act[]>
  readonly proposals: Resource<readonly Proposal[]>
  readonly invites: Resource<readonly Invite[]>
  readonly governance: Resource<Governance>
  /** Who has asked to join and is not decided about. */
  readonly requests: Resource<readonly OpenRequest[]>
  /** Proposals that are not open any more. */
  readonly history: Resource<readonly Proposal[]>
  /** `null`: none. */
  readonly rulesDraft: Resource<RulesDraft | null>
  readonly messages: (conversation: Id) => MessageStore
  readonly readers: (conversation: Id) => Resource<readonly Reader[]>
  readonly stop: () => void
}

export function liveOf(client: RemoteClient): Live {
  const topics = {
    overview: resourceOf(() => client.overview()),
    people: resourceOf(() => client.people()),
    conversations: resourceOf(() => client.conversations()),
    timeline: resourceOf(() => client.timeline()),
    proposals: resourceOf(() => client.proposals()),
    invites: resourceOf(() => client.invites()),
    governance: resourceOf(() => client.governance()),
  }
  const requests = resourceOf(() => client.requests())
  const history = resourceOf(() => client.history())
  const rulesDraft = resourceOf(async () => (await client.rulesDraft()) ?? null)
  const messages = new Map<Id, MessageStore>()
  const readers = new Map<Id, Resource<readonly Reader[]>>()

  function changed(change: Change): void {
    switch (change.topic) {
      case "messages":
        messages.get(change.conversation)?.refresh()
        break
      case "transfer":
        for (const store of messages.values()) store.refreshTransfer(change.message)
        break
      default:
        topics[change.topic].refresh()
        // rules and what waits follow from the charter
        if (change.topic === "timeline") topics.governance.refresh()
        if (change.topic === "timeline" || change.topic === "proposals") history.refresh()
        if (change.topic !== "conversations" && change.topic !== "governance") requests.refresh()
        // who can read follows from the charter and from who is in the group
        if (change.topic !== "invites" && change.topic !== "overview")
          for (const reader of readers.values()) reader.refresh()
    }
  }
  function once<T>(map: Map<Id, T>, id: Id, make: () => T): T {
    const known = map.get(id) ?? make()
    map.set(id, known)
    return known
  }
  return {
    ...topics,
    requests,
    history,
    rulesDraft,
    messages: (id) => once(messages, id, () => messageStore(client, id)),
    readers: (id) => once(readers, id, () => resourceOf(() => client.readers(id))),
    stop: client.subscribe(changed),
  }
}
