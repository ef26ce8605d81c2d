import { WireError } from "@holdfast/wire"
import fc from "fast-check"
import { decodeRatchetTree, encodeRatchetTree } from "ts-mls/ratchetTree.js"
import { Reader } from "../src/codec.ts"
import { encodeCommit } from "../src/framing.ts"
import { type Group, stateOf } from "../src/group.ts"
import {
  createGroup,
  decodeGroup,
  decodeIdentity,
  encodeGroup,
  encodeIdentity,
  encrypt,
  generateSealKeys,
  inspect,
  join,
  keyPackageRef,
  MlsError,
  openSealed,
  readKeyPackage,
  receive,
  sealToDevice,
  welcomeRecipients,
} from "../src/index.ts"
import { suiteOf } from "../src/suite/suite.ts"
import { makeTree, treeHash } from "../src/tree.ts"
import { checkStructure, checkTree } from "../src/tree-check.ts"
import { forgeBody, pathFor } from "./forge.ts"
import { anyone, binding, commitAs, groupId, groupOf, packageOf, people, utf8 } from "./people.ts"

/** One decoder: valid bytes to start from, and what to do with others. */
export interface Decoder {
  readonly name: string
  readonly valid: Uint8Array
  /** Resolves when the bytes are accepted or ignored, and throws MlsError when refused; anything else is a fault. */
  readonly decode: (bytes: Uint8Array) => unknown
}

export async function decoders(): Promise<Decoder[]> {
  const [alice, bob] = await people("alice", "bob")
  const pair = await packageOf(bob!)
  const founded = await createGroup({ id: groupId(), binding, device: alice!.device })
  const made = await commitAs(founded, { add: [pair.publicBytes] })
  const [a, b] = await groupOf(alice!, bob!)
  const sent = await encrypt(a!, utf8("a message"))
  const committed = await commitAs(a!, { remove: [] })
  const seal = await generateSealKeys()
  const info = utf8("fuzz")
  return [
    { name: "key package", valid: pair.publicBytes, decode: (bytes) => readKeyPackage(bytes) },
    { name: "key package reference", valid: pair.publicBytes, decode: (bytes) => keyPackageRef(bytes) },
    {
      name: "key package secrets",
      valid: pair.privateBytes,
      decode: (privateBytes) => join(made.welcome!, { ...pair, privateBytes }, { roster: anyone }),
    },
    { name: "welcome", valid: made.welcome!, decode: (bytes) => join(bytes, pair, { roster: anyone }) },
    { name: "welcome recipients", valid: made.welcome!, decode: (bytes) => welcomeRecipients(bytes) },
    { name: "outside of a message", valid: sent.message, decode: (bytes) => inspect(bytes) },
    { name: "application message", valid: sent.message, decode: (bytes) => receive(b!, bytes, { roster: anyone }) },
    { name: "commit", valid: committed.message, decode: (bytes) => receive(b!, bytes, { roster: anyone }) },
    {
      name: "commit signed by a member",
      valid: await honestBody(a!),
      decode: async (body) => receive(b!, await forgeBody(a!, body), { roster: anyone }),
    },
    {
      name: "tree whose hash is right",
      valid: encodeRatchetTree(stateOf(b!).tree.nodes),
      decode: (bytes) => checkOwnTree(bytes, b!.id),
    },
    { name: "group at rest", valid: encodeGroup(b!), decode: (bytes) => decodeGroup(bytes) },
    { name: "identity", valid: encodeIdentity(alice!.device.identity), decode: (bytes) => decodeIdentity(bytes) },
    {
      name: "sealed",
      valid: await sealToDevice(seal.publicKey, utf8("x"), info),
      decode: (bytes) => openSealed(seal.privateKey, bytes, info),
    },
  ]
}

async function honestBody(group: Group): Promise<Uint8Array> {
  const made = await pathFor(group)
  return encodeCommit({ proposals: [], path: made.path })
}

/** A tree as a malicious founder could give it to a joiner: whatever it is, its hash is the one they announce. */
async function checkOwnTree(bytes: Uint8Array, groupId: Uint8Array): Promise<void> {
  const suite = await suiteOf()
  const r = new Reader(bytes, "ratchet tree")
  const tree = makeTree(r.library(decodeRatchetTree, encodeRatchetTree))
  r.end()
  checkStructure(tree)
  await checkTree(suite, tree, groupId, treeHash(suite.hkdf, tree))
}

/** Random bytes, and the valid ones with a few bytes changed, put in, taken out, or cut off. */
export function damaged(valid: Uint8Array): fc.Arbitrary<Uint8Array> {
  const edit = fc.record({
    at: fc.nat(valid.length),
    kind: fc.constantFrom("flip", "set", "insert", "delete", "cut"),
    byte: fc.nat(255),
  })
  const edited = fc.array(edit, { minLength: 1, maxLength: 4 }).map((edits) => {
    let bytes = [...valid]
    for (const { at, kind, byte } of edits) {
      if (kind === "insert") bytes.splice(at, 0, byte)
      else if (kind === "delete") bytes.splice(at, 1)
      else if (kind === "cut") bytes = bytes.slice(0, at)
      else if (at < bytes.length) bytes[at] = kind === "flip" ? bytes[at]! ^ (1 << (byte & 7)) : byte
    }
    return Uint8Array.from(bytes)
  })
  // The first bytes are where lengths and types stand.
  const early = fc
    .tuple(fc.nat(Math.min(80, valid.length - 1)), fc.nat(255))
    .map(([at, byte]) => Uint8Array.from(valid, (old, i) => (i === at ? byte : old)))
  return fc.oneof(edited, early, fc.uint8Array({ maxLength: 200 }))
}

export async function fuzz(decoder: Decoder, runs: number): Promise<void> {
  await fc.assert(
    fc.asyncProperty(damaged(decoder.valid), async (bytes) => {
      const before = bytes.slice()
      try {
        await decoder.decode(bytes)
      } catch (error) {
        if (!(error instanceof MlsError) && !(error instanceof WireError)) throw error
      }
      if (bytes.some((byte, i) => byte !== before[i])) throw new Error("the input was changed")
    }),
    { numRuns: runs },
  )
}
