import { type Client, ClientError, type Conversation } from "@holdfast/client"
import { messageLine, safe } from "../terminal/print.ts"
import { conversationNamed } from "./conversation-named.ts"

async function nameFinder(client: Client): Promise<(member: string) => string> {
  const names = new Map((await client.people()).map((p) => [p.member, p.name]))
  return (member) => names.get(member) ?? member.slice(0, 8)
}

export async function follow(client: Client, wanted: string | undefined, count: number): Promise<void> {
  const only = wanted === undefined ? undefined : (await conversationNamed(client, wanted)).id
  const shown = new Set<string>()
  async function show(conversation: Conversation, limit: number): Promise<void> {
    const nameOf = await nameFinder(client)
    for (const message of await client.messages(conversation.id, { limit })) {
      if (shown.has(message.id) || message.state === "waiting") continue
      shown.add(message.id)
      const where = only === undefined ? `[${safe(conversation.title)}] ` : ""
      console.log(where + messageLine(message, nameOf))
    }
    await client.markRead(conversation.id)
  }
  const wantedOnes = async () => (await client.conversations()).filter((c) => only === undefined || c.id === only)
  let turn = Promise.resolve()
  const next = (work: () => Promise<void>) => {
    turn = turn.then(work).catch((error) => console.error(error instanceof ClientError ? error.sentence : error))
  }
  const alarms = new Set<string>()
  for (const conversation of await wantedOnes()) next(() => show(conversation, count))
  client.subscribe((change) => {
    if (change.topic === "messages") {
      next(async () => {
        for (const c of await wantedOnes()) if (c.id === change.conversation) await show(c, 50)
      })
    }
    if (change.topic === "overview") {
      next(async () => {
        for (const alarm of (await client.overview()).alarms) {
          if (!alarms.has(alarm.id))
            console.error(`${alarm.level === "danger" ? "ALARM" : "Notice"}: ${safe(alarm.sentence)}`)
          alarms.add(alarm.id)
        }
      })
    }
  })
  await new Promise<void>((resolve) => {
    process.once("SIGINT", resolve)
    process.once("SIGTERM", resolve)
  })
  await turn
}
