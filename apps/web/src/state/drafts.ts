// What was begun in a conversation, while the page is open. In memory only: it is as secret as the messages.
const drafts = new Map<string, string>()

export const draftOf = (place: string): string => drafts.get(place) ?? ""

export function keepDraft(place: string, words: string): void {
  if (words === "") drafts.delete(place)
  else drafts.set(place, words)
}

export const forgetDrafts = (): void => drafts.clear()
