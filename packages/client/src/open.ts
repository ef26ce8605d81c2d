// Ways in: founding, joining, unlocking. Each leaves either an organisation that can be unlocked again, or nothing (E1).
import { admitKeeper, approve, commitName, genesis, noOrg, seal, simpleRules } from "@holdfast/charter"
import { signerFromSeed } from "@holdfast/log"
import {
  concatBytes,
  deviceIdOf,
  hex,
  type Invitation,
  type KeeperId,
  limits,
  type MemberId,
  parseInvitation,
  utf8,
  WireError,
} from "@holdfast/wire"
import { type Account, deviceEntry, newKey, saveAccount } from "./account.ts"
import type { FoundOptions, Id, JoinOptions } from "./api.ts"
import { organisationNameKey } from "./charter-intake.ts"
import { createClient, keepInvite, type OpenClient } from "./client.ts"
import { contentLimits } from "./content.ts"
import { createEngine, type Engine } from "./engine.ts"
import { ClientError } from "./error.ts"
import { makeInvite } from "./invites.ts"
import { isForMember, memberOfDeviceInvitation, purposeOf, sealJoinRequest, signJoinRequest } from "./join-request.ts"
import { keeperKeyFrom, planProblem } from "./keeper-plan.ts"
import type { ClientPorts, Database } from "./ports.ts"
import { readChallenge } from "./relay-link.ts"
import { openStore } from "./store/store.ts"
import { createVault, listVaultIds, openVault, removeVaultFile, type Vault } from "./vault/index.ts"

const firstContactMillis = 60_000
/** Names and number of the keepers-to-be, until they are invited. */
const foundingPlanKey = "founding plan"
const keeperInviteSeconds = 14 * 86_400

function checkName(name: string, what: string): string {
  const trimmed = name.trim()
  if (trimmed === "" || !trimmed.isWellFormed()) throw new ClientError("malformed", `${what} is missing.`)
  if (utf8(trimmed).length > contentLimits.nameBytes) throw new ClientError("too_large", `${what} is too long.`)
  return trimmed
}

function checkRelay(relay: string): string {
  let url: URL
  try {
    url = new URL(relay.trim())
  } catch (cause) {
    throw new ClientError("malformed", "The relay's address is not an address.", { cause })
  }
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new ClientError("malformed", "A relay's address begins with https:// or http://.")
  }
  const text = `${url.origin}${url.pathname === "/" ? "" : url.pathname.replace(/\/$/, "")}`
  if (utf8(text).length > limits.urlBytes) throw new ClientError("too_large", "The relay's address is too long.")
  return text
}

/** A new database that is gone again unless `work` succeeds. */
async function inNewVault<T>(
  ports: ClientPorts,
  passphrase: string,
  work: (vault: Vault, db: Database) => Promise<T>,
): Promise<T> {
  const vault = await createVault(ports, passphrase)
  let db: Database | undefined
  try {
    db = await ports.databases.create(vault.id, vault.key)
    return await work(vault, db)
  } catch (error) {
    try {
      db?.close()
    } catch {
      // closed by the engine already
    }
    await removeVault(ports, vault.id).catch(() => undefined)
    throw error
  }
}

/** Starts the engine and waits until the relay has taken the founding or the request. */
async function firstContact(ports: ClientPorts, engine: Engine): Promise<OpenClient> {
  let cancel = () => {}
  try {
    const contact = engine.contact.wait()
    const tooLate = new Promise<never>((_, reject) => {
      cancel = ports.timers.setTimeout(
        () =>
          reject(new ClientError("relay_unreachable", "The relay cannot be reached. Check the address and try again.")),
        firstContactMillis,
      )
    })
    engine.start()
    await Promise.race([contact, tooLate])
    return createClient(engine)
  } catch (error) {
    await engine.close()
    throw error
  } finally {
    cancel()
  }
}

/**
 * Founds an organisation on a relay, with this person as its first keeper. Throws `relay_unreachable`, `not_allowed` (hosting code),
 * `relay_refused`, `malformed`; then nothing is left on this device.
 */
export async function foundOrganisation(ports: ClientPorts, options: FoundOptions): Promise<OpenClient> {
  const organisation = checkName(options.organisation, "The organisation's name")
  const name = checkName(options.name, "Your name")
  const label = options.deviceLabel.trim().slice(0, 60)
  const relay = checkRelay(options.relay)
  const keepers = options.keepers.map((keeper) => checkName(keeper, "A keeper's name"))
  const problem = keepers.length === 0 ? undefined : planProblem(keepers.length + 1, options.needed)
  if (problem !== undefined) throw new ClientError("malformed", problem)
  const challenge = await readChallenge(ports.network, ports.timers, relay)

  return inNewVault(ports, options.passphrase, async (vault, db) => {
    const { randomBytes } = ports
    const device = await newKey(randomBytes)
    const keeperKey = await newKey(randomBytes)
    const member = randomBytes(16) as MemberId
    const keeper = randomBytes(16) as KeeperId
    const nameSalt = randomBytes(16)
    const organisationSalt = randomBytes(16)
    const base: Account = {
      org: noOrg,
      member,
      deviceSeed: device.seed,
      devicePublicKey: device.publicKey,
      name,
      nameSalt,
      label,
      keeper,
      keeperSeed: keeperKey.seed,
    }
    const keeperSigner = await signerFromSeed(keeperKey.seed)
    const { statement, orgId } = genesis({
      nameCommitment: commitName(organisationSalt, organisation),
      rules: simpleRules([await admitKeeper(noOrg, { id: keeper, member }, keeperSigner)], 1),
      founder: { member, nameCommitment: commitName(nameSalt, name), devices: [await deviceEntry(base, noOrg)] },
      relays: [
        { id: challenge.relay, urls: [relay], logPublicKey: challenge.logPublicKey, operator: "", jurisdiction: "" },
      ],
      notAfter: Math.floor(ports.timers.now() / 1_000) + 86_400,
      nonce: randomBytes(16),
    })
    const approval = await approve(statement, { id: keeper, kind: 1, sign: keeperSigner.sign })
    const founding = { relay, hostingCode: options.hostingCode, genesis: seal(statement, [approval]) }
    const store = openStore(db)
    store.transaction(() => {
      saveAccount(store.meta, { ...base, org: orgId, founding })
      store.meta.set(organisationNameKey, concatBytes(organisationSalt, utf8(organisation)))
      store.people.putLabel(hex(deviceIdOf(device.publicKey)), label, true)
      if (keepers.length > 0) {
        store.meta.setText(foundingPlanKey, JSON.stringify({ names: keepers, needed: options.needed }))
      }
    })
    return firstContact(ports, await createEngine(ports, vault.id, db, hooks))
  })
}

/**
 * Asks to join by an invitation. The client is `waiting` until the keepers have approved, over any number of restarts.
 * Throws `bad_invitation`, `invitation_expired`, `wrong_organisation`, `relay_unreachable`, `relay_refused`, `malformed`.
 */
export async function joinOrganisation(ports: ClientPorts, options: JoinOptions): Promise<OpenClient> {
  const invitation = readInvitation(options.invitation)
  if (invitation.expiresAt * 1_000 <= ports.timers.now()) {
    throw new ClientError("invitation_expired", "This invitation has expired. Ask for a new one.")
  }
  const isDevice = isForMember(purposeOf(invitation))
  const name = isDevice ? "" : checkName(options.name, "Your name")
  const label = options.deviceLabel.trim().slice(0, 60)
  return inNewVault(ports, options.passphrase, async (vault, db) => {
    const { randomBytes } = ports
    const { org, secret } = invitation
    const device = await newKey(randomBytes)
    const keeper =
      invitation.purpose === 1 ? { id: randomBytes(16) as KeeperId, ...(await newKey(randomBytes)) } : undefined
    const base: Account = {
      org,
      member: isDevice ? memberOfDeviceInvitation(secret) : (randomBytes(16) as MemberId),
      deviceSeed: device.seed,
      devicePublicKey: device.publicKey,
      name,
      nameSalt: isDevice ? new Uint8Array() : randomBytes(16),
      label,
      ...(keeper === undefined ? {} : { keeper: keeper.id, keeperSeed: keeper.seed }),
    }
    const request = await signJoinRequest(org, secret, await signerFromSeed(device.seed), {
      purpose: invitation.purpose,
      member: base.member,
      name,
      salt: base.nameSalt,
      deviceProof: (await deviceEntry(base, org)).proof,
      label,
      ...(keeper === undefined ? {} : { keeper: await keeperKeyFrom(org, keeper.id, keeper.seed) }),
    })
    const frame = await sealJoinRequest(secret, 0, request, randomBytes(12))
    const joining = {
      secret,
      relays: invitation.relays,
      expiresAt: invitation.expiresAt,
      purpose: invitation.purpose,
      frame,
    }
    const store = openStore(db)
    store.transaction(() => {
      saveAccount(store.meta, { ...base, joining })
      store.people.putLabel(hex(deviceIdOf(device.publicKey)), label, true)
    })
    return firstContact(ports, await createEngine(ports, vault.id, db, hooks))
  })
}

function readInvitation(text: string): Invitation {
  try {
    return parseInvitation(text)
  } catch (cause) {
    if (!(cause instanceof WireError)) throw cause
    const sentence =
      cause.code === "unsupported_version"
        ? "This invitation was made by a newer version of Holdfast. Update this program to use it."
        : "This is not a Holdfast invitation, or part of it is missing."
    throw new ClientError("bad_invitation", sentence, { cause })
  }
}

/** Ids of the organisations on this device, locked. */
export function listVaults(ports: ClientPorts): Promise<readonly Id[]> {
  return listVaultIds(ports)
}

/** Throws `wrong_passphrase`, `damaged_store`, `newer_store`, `store_busy`, `not_found`. Connects in the background. */
export async function unlockVault(ports: ClientPorts, id: Id, passphrase: string): Promise<OpenClient> {
  const vault = await openVault(ports, id, passphrase)
  const db = await ports.databases.open(vault.id, vault.key)
  let engine: Engine
  try {
    engine = await createEngine(ports, vault.id, db, hooks)
  } catch (error) {
    db.close()
    throw error
  }
  engine.start()
  return createClient(engine)
}

/** Forgets an organisation on this device for good; the key goes first, so that an interruption leaves noise. */
export async function removeVault(ports: ClientPorts, id: Id): Promise<void> {
  await removeVaultFile(ports, id)
  await ports.databases.remove(id)
}

const hooks = { afterFounding: inviteKeepers }

/** The keepers-to-be that the founder named: one invitation each, and the plan for everybody to see (E5.10). In a turn. */
async function inviteKeepers(engine: Engine): Promise<void> {
  const stored = engine.store.meta.getText(foundingPlanKey)
  if (stored === undefined) return
  const { names, needed } = JSON.parse(stored) as { names: readonly string[]; needed: number }
  const account = engine.account()
  const expiresAt = Math.floor(engine.timers.now() / 1_000) + keeperInviteSeconds
  const made = await Promise.all(
    names.map((name) => makeInvite(account, engine.randomBytes(32), { purpose: "keeper", name, expiresAt })),
  )
  engine.store.transaction(() => {
    for (const invite of made) keepInvite(engine, invite)
    engine.plans.ask(
      made.map(({ announced }) => ({ name: announced.name, guestKey: announced.guestKey })),
      needed,
    )
    engine.store.meta.remove(foundingPlanKey)
  })
  for (const { announced } of made) engine.invites.watch(hex(announced.guestKey))
}
