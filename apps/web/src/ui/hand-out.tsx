import { text } from "../messages.ts"
import { InvitationLink, LocalAddress } from "./invite.tsx"
import { Button, Problem } from "./parts.tsx"
import { useResource, useSession } from "./session.tsx"

/** Right after founding with keepers: one invitation for each of them. */
export function HandOut({ onContinue }: { onContinue: () => void }) {
  const { live } = useSession()
  const { value: invites, problem } = useResource(live.invites)
  const open =
    invites?.filter(({ purpose, state }) => purpose === "keeper" && (state === "open" || state === "waiting")) ?? []
  return (
    <main className="entrance" id="main" data-testid="hand-out">
      <div className="entrance-card wide">
        <h1>{text.handOut.title}</h1>
        <p>{text.handOut.body}</p>
        <LocalAddress />
        <Problem>{problem}</Problem>
        {open.length === 0 ? <p className="hint">{text.handOut.waiting}</p> : null}
        <ul className="hand-out">
          {open.map((invite) => (
            <li key={invite.id} className="card" data-testid="hand-out-invite" data-name={invite.name}>
              <h2>{invite.name}</h2>
              <InvitationLink invite={invite} plain />
            </li>
          ))}
        </ul>
        <p className="hint">{text.handOut.later}</p>
        <div>
          <Button look="main" onPress={onContinue} testId="hand-out-continue">
            {text.handOut.continue}
          </Button>
        </div>
      </div>
    </main>
  )
}
