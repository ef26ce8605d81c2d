// The key directory: this device's own line, rotated daily, and everybody's, each held against the charter (E8.6, E8.7).
import { type Charter, deviceAt } from "@holdfast/charter"
import { verifyEd25519 } from "@holdfast/log"
import { generateSealKeys, makeKeyPackage, readKeyPackage, type SealKeys } from "@holdfast/mls"
import {
  type DeviceId,
  type DirectoryEntry,
  decodeDirectoryEntry,
  directorySigningInput,
  encodeDirectoryEntry,
  hex,
  labelledHash,
  WireError,
} from "@holdfast/wire"
import { type Account, deviceOf, deviceSigner, mlsDevice } from "./account.ts"
import type { Alarms } from "./alarms.ts"
import type { Timers } from "./ports.ts"
import type { DirectoryTable } from "./store/directory.ts"

const hourMillis = 3_600_000
export const rotationMillis = 24 * hourMillis
/** Sooner when a key package of it was used, so that mostly each is used once. */
const usedRotationMillis = hourMillis / 6
/** Private keys of replaced lines are kept for as long: a welcome may still be on its way. */
export const keepReplacedMillis = 7 * 24 * hourMillis
const keyPackageCount = 3
/** The directory and the charter come separately: a line may be here before the entry that admits its device. */
const earlyMillis = 15_000
/** How long a key package may be used by others; a device that was away for longer has to come back before it can be added. */
const lifetimeSeconds = 90 * 86_400

export interface OwnEntry {
  readonly sequence: number
  readonly issuedAt: number
  readonly entry: Uint8Array
  readonly sealKey: Uint8Array
  readonly packages: readonly {
    readonly ref: string
    readonly publicBytes: Uint8Array
    readonly privateBytes: Uint8Array
  }[]
}

export interface DirectoryDeps {
  readonly account: () => Account
  readonly charter: () => Charter
  readonly table: DirectoryTable
  readonly alarms: Alarms
  readonly timers: Timers
}

export interface Directory {
  /** True when there is no own line yet, when it is a day old, or some time after one of its key packages was used. */
  isDue(): boolean
  /** Makes a new own line; not stored and not sent. */
  makeOwn(): Promise<OwnEntry>
  /**
   * Decodes and checks lines as the relay gave them. Not stored. Raises alarms for those that are not used. `isEarly`: one is of a
   * device that the charter may still bring; ask again soon.
   */
  check(lines: readonly Uint8Array[]): Promise<{ readonly lines: readonly CheckedLine[]; readonly isEarly: boolean }>
  /** The checked line of a device that is in force, if there is one. */
  find(device: DeviceId): DirectoryEntry | undefined
  /** Goes up with every change of the lines. */
  revision(): number
  /** The checked lines of all devices in force. */
  entries(): readonly DirectoryEntry[]
}

export interface CheckedLine {
  readonly entry: DirectoryEntry
  readonly bytes: Uint8Array
}

export function createDirectory(deps: DirectoryDeps): Directory {
  const { table, alarms, timers } = deps
  const unknownSince = new Map<string, number>()
  const decoded = new Map<string, { readonly sequence: number; readonly entry: DirectoryEntry }>()

  async function checkLine(bytes: Uint8Array): Promise<CheckedLine | "early" | undefined> {
    let entry: DirectoryEntry
    try {
      entry = decodeDirectoryEntry(bytes)
    } catch (error) {
      if (!(error instanceof WireError)) throw error
      alarms.raise("junk", labelledHash("holdfast/junk/v1", bytes), { evidence: [bytes] })
      return undefined
    }
    const charter = deps.charter()
    const device = deviceAt(charter, entry.device, charter.size)
    if (device === undefined) {
      if (charter.state.devices.get(entry.device) === undefined) {
        const since = unknownSince.get(hex(entry.device)) ?? timers.now()
        unknownSince.set(hex(entry.device), since)
        if (timers.now() - since < earlyMillis) return "early"
        alarms.raise("ghost_device", entry.device, { detail: codeOfDevice(entry.device), evidence: [bytes] })
      }
      return undefined
    }
    const { signature, ...unsigned } = entry
    const right = await verifyEd25519(device.publicKey, directorySigningInput(unsigned), signature)
    const stored = table.line(hex(entry.device))
    const isOld = stored !== undefined && entry.sequence < stored.sequence
    if (!right || isOld) {
      alarms.raise("substituted_key", entry.device, { detail: codeOfDevice(entry.device), evidence: [bytes] })
      return undefined
    }
    return { entry, bytes }
  }

  /** Each seal key costs a trial at every large frame, so a new one is made once a day only. */
  function ownSealKeys(now: number): SealKeys | undefined {
    const newest = table.newestOwn()
    if (newest === undefined || now - table.sealKeySince(newest.sealKey) >= rotationMillis) return undefined
    return { publicKey: decodeDirectoryEntry(newest.entry).sealKey, privateKey: newest.sealKey }
  }

  const directory: Directory = {
    isDue() {
      const newest = table.newestOwn()
      if (newest === undefined) return true
      const age = timers.now() - newest.issuedAt
      return age >= rotationMillis || (age >= usedRotationMillis && table.hasUsedPackage(newest.sequence))
    },
    async makeOwn() {
      const account = deps.account()
      const now = timers.now()
      // The line lies on the relay's disk: a finer time would say when this device was there (R3.4).
      const hour = now - (now % hourMillis)
      const seconds = hour / 1_000
      const lifetime = { notBefore: seconds - 86_400, notAfter: seconds + lifetimeSeconds }
      const pairs = []
      for (let i = 0; i < keyPackageCount; i++) {
        const pair = await makeKeyPackage(mlsDevice(account), { lifetime })
        pairs.push({ ...pair, ref: hex((await readKeyPackage(pair.publicBytes)).ref) })
      }
      const seal = ownSealKeys(now) ?? (await generateSealKeys())
      const sequence = Math.max((table.newestOwn()?.sequence ?? 0) + 1, hour)
      const unsigned = {
        org: account.org,
        device: deviceOf(account),
        sequence,
        issuedAt: hour,
        sealKey: seal.publicKey,
        keyPackages: pairs.map(({ publicBytes }) => publicBytes),
      }
      const signature = await (await deviceSigner(account)).sign(directorySigningInput(unsigned))
      const entry = encodeDirectoryEntry({ ...unsigned, signature })
      return { sequence, issuedAt: now, entry, sealKey: seal.privateKey, packages: pairs }
    },
    async check(lines) {
      const checked: CheckedLine[] = []
      let isEarly = false
      for (const bytes of lines) {
        const line = await checkLine(bytes)
        if (line === "early") isEarly = true
        else if (line !== undefined) checked.push(line)
      }
      return { lines: checked, isEarly }
    },
    find(device) {
      const charter = deps.charter()
      const id = hex(device)
      const stored = table.line(id)
      if (stored === undefined || deviceAt(charter, device, charter.size) === undefined) return undefined
      const known = decoded.get(id)
      if (known?.sequence === stored.sequence) return known.entry
      const entry = decodeDirectoryEntry(stored.entry)
      decoded.set(id, { sequence: stored.sequence, entry })
      return entry
    },
    revision: () => table.revision(),
    entries() {
      const devices = [...deps.charter().state.devices.values()].filter(({ removed }) => removed === undefined)
      return devices.flatMap(({ id }) => directory.find(id) ?? [])
    },
  }
  return directory
}

export function codeOfDevice(id: Uint8Array): string {
  return `(device ${hex(id.subarray(0, 4))})`
}
