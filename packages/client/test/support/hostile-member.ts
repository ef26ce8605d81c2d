import { admit, createWorld, type Player, passphrase, until, type World } from "@holdfast/testkit"
import { createEngine, type Engine } from "../../src/engine.ts"
import { openVault } from "../../src/vault/index.ts"

export interface HostileMember {
  readonly world: World
  readonly ana: Player
  readonly mallory: Player
  /** Mallory is a member whose program does what it likes: the engine itself, under her own keys. */
  readonly engine: Engine
}

export async function hostileMember(): Promise<HostileMember> {
  const world = await createWorld()
  const ana = await world.found("ana")
  const mallory = await admit(world, ana, "mallory")
  await until("mallory knows ana", async () => (await mallory.client.people()).some(({ name }) => name === "ana"))
  await mallory.client.close()
  const { ports, databases } = mallory.machine
  const vault = await openVault(ports, mallory.client.vault, passphrase)
  const engine = await createEngine(ports, vault.id, await databases.open(vault.id, vault.key), {
    afterFounding: async () => {},
  })
  engine.start()
  await until("mallory is online", async () => engine.isUpToDate())
  return { world, ana, mallory, engine }
}
