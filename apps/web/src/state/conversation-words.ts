import type { Conversation, Id, Person } from "@holdfast/client"
import { text } from "../messages.ts"

/** What a conversation is called on the screen. */
export function titleOf(conversation: Conversation): string {
  return conversation.kind === "everyone" ? text.conversation.everyoneTitle : conversation.title
}

/** The line below it in the list: who wrote last, and what. */
export function lastWords(conversation: Conversation, people: readonly Person[], me: Id): string {
  const { last } = conversation
  if (last === undefined) return text.nav.emptyConversation
  const words = last.text === "" ? text.nav.file : last.text
  const name = people.find(({ member }) => member === last.from)?.name ?? ""
  // what happened to a conversation is a sentence of its own, which begins with whoever did it
  const isSentence = /^(?:You|Your|One of your) /.test(words) || (name !== "" && words.startsWith(name))
  if (isSentence || (conversation.kind === "direct" && last.from !== me)) return words
  const sender = last.from === me ? text.nav.you : name.split(" ")[0]
  return sender === "" || sender === undefined ? words : `${sender}: ${words}`
}
