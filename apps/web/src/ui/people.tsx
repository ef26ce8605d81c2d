import type { Device, Overview, Person } from "@holdfast/client"
import { lazy, Suspense, useState } from "react"
import { text } from "../messages.ts"
import { go } from "../state/route.ts"
import { InvitePopup, InviteRow } from "./invite.tsx"
import { KeeperPlanCard, useRaise } from "./keepers.tsx"
import { Avatar, Button, Code, Confirm, Problem } from "./parts.tsx"
import { Screen } from "./screen.tsx"
import { useAction, useResource, useSession } from "./session.tsx"

const ImportPeople = lazy(async () => ({ default: (await import("./desk/index.ts")).ImportPeople }))

export function People({ overview }: { overview: Overview }) {
  const { live } = useSession()
  const { value: people, problem } = useResource(live.people)
  const invites = useResource(live.invites).value ?? []
  const [inviting, setInviting] = useState<"one" | "list" | null>(null)
  const raise = useRaise(overview)
  const active = overview.standing === "active"
  const former = people?.filter((person) => !person.active) ?? []
  const current = invites.filter(({ state }) => ["waiting", "open", "asked"].includes(state))
  return (
    <Screen
      title={text.people.title}
      intro={text.people.intro}
      testId="people"
      action={
        <Button look="main" icon="plus" onPress={() => setInviting("one")} isDisabled={!active} testId="invite">
          {text.people.invite}
        </Button>
      }
    >
      <Problem>{problem}</Problem>
      {overview.keeperPlan === undefined ? null : <KeeperPlanCard plan={overview.keeperPlan} />}
      {current.length === 0 ? null : (
        <section>
          <h2 className="section-label">{text.people.invitations}</h2>
          <ul className="rows" data-testid="invites">
            {current.map((invite) => (
              <InviteRow key={invite.id} invite={invite} mine={invite.text !== undefined} />
            ))}
          </ul>
        </section>
      )}
      <ul className="rows" data-testid="people-list">
        {people
          ?.filter((person) => person.active)
          .map((person) => (
            <PersonRow key={person.member} person={person} overview={overview} />
          ))}
      </ul>
      {overview.organisation.evaluation && overview.keeperPlan === undefined && overview.me.keeper && active ? (
        <div>
          <Button onPress={raise.open}>{text.people.raise}</Button>
        </div>
      ) : null}
      {former.length === 0 ? null : (
        <section>
          <h2 className="section-label">{text.people.former}</h2>
          <ul className="rows former">
            {former.map((person) => (
              <PersonRow key={person.member} person={person} overview={overview} />
            ))}
          </ul>
        </section>
      )}
      {raise.popup}
      {active ? (
        <div>
          <Button look="quiet" onPress={() => setInviting("list")} testId="import-list">
            {text.people.importList}
          </Button>
        </div>
      ) : null}
      {inviting === "one" ? (
        <InvitePopup onClose={() => setInviting(null)} evaluation={overview.organisation.evaluation} />
      ) : inviting === "list" ? (
        <Suspense fallback={null}>
          <ImportPeople onClose={() => setInviting(null)} />
        </Suspense>
      ) : null}
    </Screen>
  )
}

function PersonRow({ person, overview }: { person: Person; overview: Overview }) {
  const [removing, setRemoving] = useState<"member" | Device | null>(null)
  const [proposed, setProposed] = useState(false)
  const active = overview.standing === "active" && person.active
  return (
    <li className="person" data-testid="person" data-name={person.name} data-active={person.active}>
      <div className="person-head">
        <Avatar id={person.member} name={person.name} />
        <div className="person-words">
          <p>
            <strong>{person.name}</strong>
            {person.you ? <span className="tag">{text.you}</span> : null}
            {person.keeper ? <span className="tag keeper">{text.people.keeper}</span> : null}
          </p>
          <p className="hint">
            {person.active
              ? `${text.people.devices(person.devices.filter((device) => device.active).length)}, ${text.people.admitted(person.admittedAt)}`
              : `${text.people.removed}${person.removedAt === undefined ? "" : `, ${text.people.removedDevice(person.removedAt)}`}`}
          </p>
        </div>
        {!active || person.you ? null : <MessageButton person={person} />}
      </div>
      <ul className="device-list">
        {person.devices.map((device) => (
          <li
            key={device.id}
            className={device.active ? "device" : "device gone"}
            data-testid="device"
            data-label={device.label}
          >
            <div className="person-words">
              <p>
                {device.label}
                {device.you ? <span className="tag">{text.people.thisDevice}</span> : null}
              </p>
              <p className="hint">
                {text.people.fingerprint} <Code>{device.fingerprint}</Code>
                {device.active
                  ? `, ${text.people.admitted(device.admittedAt)}`
                  : device.removedAt === undefined
                    ? ""
                    : `, ${text.people.removedDevice(device.removedAt)}`}
              </p>
            </div>
            {active && device.active ? (
              <Button look="quiet" onPress={() => setRemoving(device)} testId="remove-device">
                {text.people.removeDevice}
              </Button>
            ) : null}
          </li>
        ))}
      </ul>
      {active && !person.you ? (
        <div>
          <Button look="quiet" onPress={() => setRemoving("member")} testId="remove-member">
            {text.people.removeMember}
          </Button>
        </div>
      ) : null}
      {proposed ? (
        <p className="hint" role="status">
          {text.people.proposed}
        </p>
      ) : null}
      {removing === null ? null : (
        <Removal
          person={person}
          device={removing === "member" ? null : removing}
          overview={overview}
          onClose={() => setRemoving(null)}
          onDone={() => {
            setRemoving(null)
            setProposed(true)
          }}
        />
      )}
    </li>
  )
}

function MessageButton({ person }: { person: Person }) {
  const { client, live } = useSession()
  const conversations = useResource(live.conversations).value
  const start = useAction(async () => {
    const known = conversations?.find(
      ({ kind, members, state }) => kind === "direct" && state !== "left" && members.includes(person.member),
    )
    const id = known?.id ?? (await client.startConversation({ kind: "direct", title: "", members: [person.member] }))
    go({ at: "conversation", id, readers: false })
  })
  return (
    <>
      <Button onPress={() => void start.run()} isPending={start.busy} testId="message-person">
        {text.people.message}
      </Button>
      <Problem>{start.problem}</Problem>
    </>
  )
}

function Removal(props: {
  person: Person
  device: Device | null
  overview: Overview
  onClose: () => void
  onDone: () => void
}) {
  const { person, device, overview } = props
  const { client } = useSession()
  const { total, needed } = overview.keepers
  const action = useAction(async () => {
    const proposal =
      device === null ? await client.proposeRemoveMember(person.member) : await client.proposeRemoveDevice(device.id)
    // a keeper who proposes has decided; a member's own device asks nobody
    if (overview.me.keeper && !person.you) await client.approve(proposal)
  })
  // people may take out devices of their own without asking anybody
  const atOnce =
    total === 1 || (device !== null && person.you && person.devices.filter((each) => each.active).length > 1)
  return (
    <Confirm
      title={device === null ? text.people.removeMemberTitle(person.name) : text.people.removeDeviceTitle(device.label)}
      isOpen
      onClose={props.onClose}
      onConfirm={async () => {
        if (await action.run()) props.onDone()
      }}
      confirm={atOnce ? text.people.removeNow : text.people.propose}
      danger
      busy={action.busy}
      problem={action.problem}
    >
      <p>{device === null ? text.people.removeMemberBody(person.name) : text.people.removeDeviceBody(person.name)}</p>
      {device?.you === true ? <p>{text.people.removeOwn}</p> : null}
      <p>
        <strong>{total === 1 ? text.people.single : atOnce ? null : text.people.quorum(needed, total)}</strong>
      </p>
    </Confirm>
  )
}
