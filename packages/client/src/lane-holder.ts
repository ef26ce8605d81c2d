import type { Lane } from "@holdfast/lanes"

/** A lane replica that can be dropped and read from the store again, behind one object that everybody keeps. */
export interface HeldLane extends Lane {
  /** What was not flushed is lost, as after a crash. In a turn. */
  reopen(): Promise<void>
}

/** `open` reads the stored records. Watched tags are watched again. */
export async function holdLane(open: () => Promise<Lane>): Promise<HeldLane> {
  let lane = await open()
  const watched: [tag: Uint8Array, name: string][] = []
  return {
    get id() {
      return lane.id
    },
    get next() {
      return lane.next
    },
    get size() {
      return lane.size
    },
    rootAt: (size) => lane.rootAt(size),
    receive: (first, frames, options) => lane.receive(first, frames, options),
    supply: (from, frames) => lane.supply(from, frames),
    supplyBlob: (blob, ciphertext) => lane.supplyBlob(blob, ciphertext),
    awaitedBlobs: () => lane.awaitedBlobs(),
    checkClaims: () => lane.checkClaims(),
    claimsAhead: () => lane.claimsAhead(),
    conversations: () => lane.conversations(),
    leaves: (conversation) => lane.leaves(conversation),
    createConversation: (options) => lane.createConversation(options),
    send: (conversation, plaintext, localId) => lane.send(conversation, plaintext, localId),
    change: (conversation, change, localId) => lane.change(conversation, change, localId),
    reconcile: (conversation, directory, now) => lane.reconcile(conversation, directory, now),
    due: () => lane.due(),
    writeWelcomes: (due) => lane.writeWelcomes(due),
    askResync: (conversation, to, own) => lane.askResync(conversation, to, own),
    exportSecret: (conversation, label, context, length) => lane.exportSecret(conversation, label, context, length),
    watch(tag, name) {
      watched.push([tag, name])
      lane.watch(tag, name)
    },
    unwatch: (tag) => lane.unwatch(tag),
    flush: (writer) => lane.flush(writer),
    close: () => lane.close(),
    async reopen() {
      lane.close()
      lane = await open()
      for (const [tag, name] of watched) lane.watch(tag, name)
    },
  }
}
