import { simpleRules } from "../src/index.ts"
import {
  act,
  addMember,
  after,
  bytesFrom,
  found,
  type Organisation,
  type Person,
  person,
  relayEntry,
  restartNonces,
} from "./people.ts"

/** A short life of one organisation, the same at every run: every act of this release, and entries that are refused. */
export async function harbour(): Promise<Organisation> {
  restartNonces()
  const people = await Promise.all(["ana", "ben", "cem", "dan"].map(person))
  const [ana, ben, cem, dan] = people as [Person, Person, Person, Person]
  const laptop = await ana.newPhone("laptop")
  let org: Organisation = await found([ana], 1)
  org = await act(org, await addMember(org, ben), [ana.keeper])
  const seats = await Promise.all([
    ben.admitAsKeeper(org.orgId, { member: ben.member, organisation: "Harbour Law", jurisdiction: "NL" }),
    cem.admitAsKeeper(org.orgId, { organisation: "Pier Press", jurisdiction: "CH" }),
  ])
  const raised = { ...simpleRules([...org.charter.state.rules.keepers, ...seats], 2), version: 2 }
  org = await act(org, { type: "rules", body: raised }, [ana.keeper, cem.keeper])
  org = await act(org, await addMember(org, dan), [ana.keeper])
  org = await act(org, await addMember(org, dan), [ben.keeper, cem.keeper])
  org = await after(org, org.entries[1] as Uint8Array)
  const device = await laptop.admit(org.orgId)
  org = await act(org, { type: "device-add", body: { member: ana.member, device } }, [
    ana.keeper,
    ben.keeper,
    ana.phone.signer,
  ])
  org = await act(org, { type: "device-remove", body: { member: ana.member, device: ana.phone.id } }, [laptop.signer])
  org = await after(org, bytesFrom("junk", 40))
  org = await act(org, { type: "relays", body: { relays: [await relayEntry("north"), await relayEntry("south")] } }, [
    ana.keeper,
    cem.keeper,
  ])
  return act(org, { type: "member-remove", body: { member: ben.member } }, [ana.keeper, cem.keeper])
}
