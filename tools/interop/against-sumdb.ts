// Our trees, proofs, notes, cosignatures and tiles, held against golang.org/x/mod/sumdb over random trees, both ways.
import {
  COSIGNATURE,
  cosignNote,
  emptyRoot,
  formatNote,
  formatVkey,
  type Hash,
  LogError,
  leafHash,
  NOTE_SIGNATURE,
  noteKey,
  parseCheckpoint,
  parseNote,
  signerFromSeed,
  verifyConsistency,
  verifyInclusion,
  verifyNote,
} from "@holdfast/log"
import type { Checks, Suite } from "./checks.ts"
import { checkpointOf, tileFiles, treeOf } from "./log-files.ts"
import { b64, Oracle } from "./oracle.ts"
import { randomFrom } from "./random.ts"

const trees = 150
const tiledTrees = [1, 2, 255, 256, 257, 300, 511, 512, 1_000, 65_536, 70_000]

export const againstSumdb: Suite = {
  name: "trees, proofs, notes and tiles against golang.org/x/mod/sumdb",
  async run(checks, programs) {
    const oracle = new Oracle(programs)
    try {
      const seed = Number(process.env.HOLDFAST_INTEROP_SEED ?? Date.now() % 2 ** 31)
      console.log(`  seed ${seed} (HOLDFAST_INTEROP_SEED repeats it)`)
      const random = randomFrom(seed)
      for (let i = 0; i < trees; i++) await proofs(checks, oracle, random)
      for (const size of tiledTrees) await tiles(checks, oracle, size)
      await notes(checks, oracle, random)
    } finally {
      await oracle.stop()
    }
  },
}

function entriesOf(count: number, random: (below: number) => number): Uint8Array[] {
  return Array.from({ length: count }, () => Uint8Array.from({ length: random(40) }, () => random(256)))
}

async function proofs(checks: Checks, oracle: Oracle, random: (below: number) => number): Promise<void> {
  const entries = entriesOf(1 + random(random(4) === 0 ? 700 : 70), random)
  const size = entries.length
  const index = random(size)
  const old = 1 + random(size)
  const tree = treeOf(entries)
  const root = tree.root()
  const oldRoot = tree.compactRangeAt(old).root()
  const inclusion = tree.proveInclusion(index)
  const consistency = tree.proveConsistency(old, size)
  const at = `size ${size}, index ${index}, old ${old}`

  const theirs = await oracle.ask({ kind: "prove", entries: entries.map(b64), index, old })
  checks.same(`root (${at})`, [b64(root), b64(oldRoot)], [theirs.root, theirs.oldRoot])
  checks.same(`inclusion proof (${at})`, inclusion.map(b64), theirs.record ?? [])
  checks.same(`consistency proof (${at})`, consistency.map(b64), theirs.treeOld ?? [])

  // Right ones, and the same with something wrong: both sides must say the same.
  const leaf = leafHash(entries[index]!)
  for (const proof of [inclusion, ...spoiled(inclusion, random)]) {
    const ours = isFine(() => verifyInclusion({ index, size, leaf, root }, proof))
    const their = await oracle.ask({
      kind: "inclusion",
      size,
      root: b64(root),
      index,
      leaf: b64(leaf),
      proof: proof.map(b64),
    })
    checks.same(`verdict on an inclusion proof (${at})`, ours, their.ok)
    checks.holds(`only the right inclusion proof is right (${at})`, ours === (proof === inclusion))
  }
  for (const proof of [consistency, ...spoiled(consistency, random)]) {
    const ours = isFine(() => verifyConsistency({ oldSize: old, newSize: size, oldRoot, newRoot: root }, proof))
    const question = { kind: "consistency", size, root: b64(root), old, oldRoot: b64(oldRoot), proof: proof.map(b64) }
    checks.same(`verdict on a consistency proof (${at})`, ours, (await oracle.ask(question)).ok)
    checks.holds(`only the right consistency proof is right (${at})`, ours === (proof === consistency))
  }
}

function spoiled(proof: readonly Hash[], random: (below: number) => number): readonly (readonly Hash[])[] {
  const more = [...proof, emptyRoot()]
  if (proof.length === 0) return [more]
  const at = random(proof.length)
  const flipped = proof.map((hash, i) => (i === at ? hash.map((byte, j) => (j === 5 ? byte ^ 1 : byte)) : hash))
  return [more, proof.slice(1), proof.slice(0, -1), flipped]
}

function isFine(check: () => void): boolean {
  try {
    check()
    return true
  } catch (error) {
    if (error instanceof LogError) return false
    throw error
  }
}

async function tiles(checks: Checks, oracle: Oracle, size: number): Promise<void> {
  const entries = Array.from({ length: size }, (_, i) => new TextEncoder().encode(`entry ${i}`))
  const tree = treeOf(entries)
  const files = [...tileFiles(entries, tree)].filter(([path]) => !path.startsWith("tile/entries/"))
  const asked = { kind: "tiles", size, root: b64(tree.root()) }
  const read = await oracle.ask({
    ...asked,
    tiles: Object.fromEntries(files.map(([path, bytes]) => [path, b64(bytes)])),
  })
  checks.holds(`${files.length} tiles of size ${size}`, read.ok, read.why)
  checks.same(
    `leaves of the tiles of size ${size}`,
    entries.map((entry) => b64(leafHash(entry))),
    read.leaves,
  )
  const [path, bytes] = files[Math.floor(files.length / 2)]!
  const bent = bytes.map((byte, i) => (i === 7 ? byte ^ 1 : byte))
  const all = new Map(files).set(path, bent)
  const refused = await oracle.ask({
    ...asked,
    tiles: Object.fromEntries([...all].map(([name, data]) => [name, b64(data)])),
  })
  checks.holds(`a bent tile of size ${size} is noticed`, !refused.ok)
}

async function notes(checks: Checks, oracle: Oracle, random: (below: number) => number): Promise<void> {
  const newSigner = () => signerFromSeed(Uint8Array.from({ length: 32 }, () => random(256)))
  for (let i = 0; i < 40; i++) {
    const origin = `log.example/${random(1_000)}/\u00e9`
    const [log, witness, stranger] = [await newSigner(), await newSigner(), await newSigner()]
    const tree = treeOf(entriesOf(1 + random(50), random))
    const note = parseNote(await checkpointOf(origin, tree, tree.size, log))
    const logKey = noteKey(origin, NOTE_SIGNATURE, log.publicKey)
    const witnessKey = noteKey("w.example", COSIGNATURE, witness.publicKey)
    const strangerKey = noteKey("s.example", COSIGNATURE, stranger.publicKey)
    const lines = [
      ...note.signatures,
      await cosignNote(note.text, strangerKey, stranger, 1 + random(2 ** 31)),
      await cosignNote(note.text, witnessKey, witness, 1 + random(2 ** 31)),
    ]
    const bytes = formatNote({ text: note.text, signatures: lines })
    const vkeys = [logKey, witnessKey].map(formatVkey)
    const opened = await oracle.ask({ kind: "note", note: b64(bytes), vkeys })
    checks.same("an opened note", [note.text, [origin, "w.example"], 1], [opened.text, opened.names, opened.unknown])
    const checkpoint = await oracle.ask({ kind: "checkpoint", note: b64(new TextEncoder().encode(note.text)) })
    const ours = parseCheckpoint(note.text)
    checks.same(
      "a checkpoint",
      [ours.origin, ours.size, b64(ours.root)],
      [checkpoint.origin, checkpoint.treeSize, checkpoint.root],
    )

    const at = random(bytes.length)
    const bent = bytes.map((byte, j) => (j === at ? byte ^ (1 << random(7)) : byte))
    const isOurs = await Promise.resolve()
      .then(() => verifyNote(parseNote(bent), [logKey, witnessKey]))
      .then(
        (verified) => verified.length === 2,
        () => false,
      )
    const their = await oracle.ask({ kind: "note", note: b64(bent), vkeys })
    // What we take they must take. They take more: base64 with left-over bits, for one (L1.2).
    checks.holds("a bent note that we take, they take", !isOurs || their.names?.length === 2, { at })
  }
}
