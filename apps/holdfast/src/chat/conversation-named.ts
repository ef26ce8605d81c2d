import { type Client, ClientError, type Conversation } from "@holdfast/client"
import { safe } from "../terminal/print.ts"

/** By id, by title, or by a person's name. Anything that could mean two things is refused: a message must not go to the wrong people. */
export async function conversationNamed(client: Client, wanted: string): Promise<Conversation> {
  const isSame = (name: string) => name.toLowerCase() === wanted.toLowerCase()
  const all = await client.conversations()
  const byId = all.filter((c) => c.id === wanted || (wanted.length >= 8 && c.id.startsWith(wanted)))
  if (byId.length === 1) return byId[0] as Conversation
  const people = (await client.people()).filter((p) => p.active && !p.you && isSame(p.name))
  const isEveryone = wanted.toLowerCase() === "everyone"
  const groups = all.filter((c) => c.kind !== "direct" && (isSame(c.title) || (isEveryone && c.kind === "everyone")))
  if (groups.length + people.length > 1) {
    throw new ClientError(
      "malformed",
      `Several conversations or people are called "${safe(wanted)}". Use the id from: holdfast chat list`,
    )
  }
  if (groups.length === 1) return groups[0] as Conversation
  if (people.length === 0) {
    throw new ClientError("not_found", `There is no conversation or person called "${safe(wanted)}".`)
  }
  // a direct conversation with the same person is found again, not made twice
  const id = await client.startConversation({
    kind: "direct",
    title: "",
    members: [(people[0] as { member: string }).member],
  })
  return (await client.conversations()).find((c) => c.id === id) as Conversation
}
