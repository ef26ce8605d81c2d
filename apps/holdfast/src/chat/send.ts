import { type Client, ClientError } from "@holdfast/client"
import { safe } from "../terminal/print.ts"
import { fileSource, standardInput } from "../terminal/sources.ts"
import { conversationNamed } from "./conversation-named.ts"
import { until } from "./session.ts"

const maxTextBytes = 32_768

function onSent(client: Client, conversation: string, id: string): () => Promise<boolean> {
  return async () => {
    const message = (await client.messages(conversation)).find((m) => m.id === id)
    if (message?.state === "failed") throw new ClientError("relay_refused", "The message could not be sent.")
    return message?.state === "sent"
  }
}

export async function send(
  client: Client,
  wanted: string,
  text: string | undefined,
  options: { file?: string; wait: string },
): Promise<void> {
  const seconds = Number(options.wait)
  const isInside = async () =>
    (await client.overview()).standing === "active" && (await client.conversations()).length > 0
  await until(client, isInside, seconds, "This device has not been let in yet.")
  const conversation = await conversationNamed(client, wanted)
  const notYet = "The relay has not confirmed it yet. It is kept on this machine and sent the next time."
  if (options.file === undefined) {
    const words = text ?? (await standardInput(maxTextBytes))
    if (words === "") throw new ClientError("malformed", "There is nothing to send.")
    const id = await client.sendText(conversation.id, words)
    await until(client, onSent(client, conversation.id, id), seconds, notYet)
    return
  }
  const source = await fileSource(options.file)
  try {
    const id = await client.sendFile(conversation.id, source, text)
    let shown = -1
    const stop = client.subscribe((change) => {
      if (change.topic !== "transfer" || change.message !== id || !process.stderr.isTTY) return
      client.messages(conversation.id).then(
        (all) => {
          const body = all.find((m) => m.id === id)?.body
          if (body?.kind !== "file" || source.size === 0) return
          const percent = Math.floor((100 * body.file.transfer.doneBytes) / source.size)
          if (percent !== shown) process.stderr.write(`\r${safe(source.name)}: ${percent} %`)
          shown = percent
        },
        () => undefined,
      )
    })
    await until(client, onSent(client, conversation.id, id), Math.max(seconds, 3_600), notYet).finally(stop)
    if (shown >= 0) process.stderr.write("\n")
  } finally {
    await source.close()
  }
}
