// The keepers' desk's part of the Client: what it asks for becomes a statement on its way, or is refused with a sentence.
import type { LaterAct } from "@holdfast/charter"
import { fromHex, hex, toKeeperId, toRelayId, utf8 } from "@holdfast/wire"
import { actDetailOf } from "./act-detail.ts"
import { charterNoteKey } from "./charter-intake.ts"
import type { Engine } from "./engine.ts"
import { ClientError } from "./error.ts"
import { evidenceFiles } from "./evidence.ts"
import { canVeto, governanceOf } from "./governance.ts"
import type { GovernanceApi, NamedFile, RulesDraft } from "./governance-api.ts"
import type { invitationMethods } from "./invitations-client.ts"
import {
  decodeApprovalFile,
  encodeSigningRequest,
  exportFiles,
  isRightOffer,
  parseKeeperOffer,
  type RequestedName,
  signingRequestName,
} from "./offline/index.ts"
import { idBytes } from "./proposals.ts"
import { type DraftSources, draftRules, withSeatReplaced } from "./rules-draft.ts"
import { organisationName } from "./store/people.ts"

const draftKey = "rules draft"
const maxDraftBytes = 262_144
const maxCanaryDays = 99

/** `act`: a change by somebody, in a turn of its own. */
export function governanceMethods(
  engine: Engine,
  act: <T>(work: () => T | Promise<T>) => Promise<T>,
): Omit<GovernanceApi, keyof ReturnType<typeof invitationMethods>> {
  const { store, people, proposals, passkeys, offers, watch } = engine
  const nowSeconds = () => Math.floor(engine.timers.now() / 1_000)

  function draftSources(): DraftSources {
    return {
      charter: engine.charter(),
      nowSeconds: nowSeconds(),
      nameOf: people.nameOf,
      offered: offers.of,
      randomBytes: engine.randomBytes,
    }
  }

  async function proposeRules(draft: RulesDraft): Promise<string> {
    const { rules, problems } = await draftRules(draftSources(), draft)
    if (rules === undefined) throw new ClientError("not_allowed", problems[0]?.sentence ?? "These rules cannot be.")
    return proposals.propose({ type: "rules", body: rules })
  }

  /** Signed checkpoints at hand: one that witnesses have cosigned says more than a newer one that they have not. */
  function notes(): readonly string[] {
    const witnessed = watch.note()
    const newest = store.meta.getText(charterNoteKey)
    return [...(witnessed === undefined ? [] : [witnessed.text]), ...(newest === undefined ? [] : [newest])]
  }

  function knownNames(): readonly RequestedName[] {
    return store.people.names().map(({ id, name, salt }) => ({
      id: id === organisationName ? new Uint8Array() : fromHex(id),
      name,
      salt,
    }))
  }

  function waitingFor(statement: string) {
    const found = engine.charter().state.waiting.find((it) => hex(it.statement.id) === statement)
    if (found === undefined) throw new ClientError("not_found", "No such act waits to take effect.")
    return found
  }

  function history(names: ReturnType<typeof knownNames>): readonly NamedFile[] {
    const witnessed = watch.note()
    return exportFiles({
      charter: engine.charter(),
      entries: store.charter.all(),
      checkpoint: utf8(store.meta.getText(charterNoteKey) ?? ""),
      witnessed: witnessed === undefined ? undefined : utf8(witnessed.text),
      names,
    })
  }

  return {
    async governance() {
      return governanceOf({
        account: engine.account(),
        charter: engine.charter(),
        people,
        watch: watch.view(),
        nowMillis: engine.timers.now(),
      })
    },
    checkRules: async (draft) => (await draftRules(draftSources(), draft)).problems,
    proposeRules: (draft) => act(() => proposeRules(draft)),
    proposeReplacement: (lost, by) => act(() => proposeRules(withSeatReplaced(draftSources(), lost, by))),
    proposeSuspension: (keeper, seconds) =>
      act(() => proposals.propose({ type: "suspend-keeper", body: { keeper: toKeeperId(idBytes(keeper)), seconds } })),
    proposeRelays: (relays) =>
      act(() =>
        proposals.propose({
          type: "relays",
          body: {
            relays: relays.map(({ id, urls, logPublicKey, operator, jurisdiction }) => ({
              id: toRelayId(idBytes(id)),
              urls,
              logPublicKey: idBytes(logPublicKey),
              operator,
              jurisdiction,
            })),
          },
        }),
      ),
    proposeCanary: (days) =>
      act(() => {
        if (!Number.isInteger(days) || days < 1 || days > maxCanaryDays) {
          throw new ClientError("malformed", `A canary lasts 1 to ${maxCanaryDays} days.`)
        }
        return proposals.propose({ type: "canary", body: { until: nowSeconds() + days * 86_400 } })
      }),
    veto: (statement) =>
      act(async () => {
        const it = waitingFor(statement)
        const can = canVeto(engine.account(), engine.charter(), it)
        if (can === "no") throw new ClientError("not_allowed", "You cannot veto this act.")
        const body: LaterAct = { type: "veto", body: { statement: it.statement.id } }
        const veto = await proposals.propose(body)
        // The member concerned asks nobody: their device's signature is enough (C10.5).
        if (can === "alone") await proposals.approve(veto)
        return veto
      }),
    history: () => proposals.history(),
    async rulesDraft() {
      const stored = store.meta.getText(draftKey)
      return stored === undefined ? undefined : (JSON.parse(stored) as RulesDraft)
    },
    async keepRulesDraft(draft) {
      if (draft === undefined) return store.meta.remove(draftKey)
      const text = JSON.stringify(draft)
      if (text.length > maxDraftBytes) throw new ClientError("too_large", "This draft is too large.")
      store.meta.setText(draftKey, text)
    },

    async newSeat() {
      return {
        seat: hex(engine.randomBytes(16)),
        organisation: hex(engine.account().org),
        name: people.nameOf(hex(engine.account().member)),
      }
    },
    admissionRequest: async (seat, key) => passkeys.admissionRequest(seat, key),
    acceptKeeperWithPasskey: (seat, key, assertion) => act(() => passkeys.accept(seat, key, assertion)),
    acceptKeeperWithKeyFile: (text) =>
      act(async () => {
        const offer = parseKeeperOffer(text)
        if (!(await isRightOffer(engine.account().org, offer))) {
          throw new ClientError("not_allowed", "This key was offered to another organisation, or its proof is wrong.")
        }
        const { keeper: id, publicKey, proof } = offer
        await offers.offer({ id, kind: 1, publicKey, proof, passkey: undefined }, { isInFile: true })
      }),
    approvalRequest: (proposal) => act(() => passkeys.approvalRequest(proposal)),
    approveWithPasskey: (proposal, assertion) => act(() => passkeys.approve(proposal, assertion)),

    async signingRequest(proposal) {
      const stored = store.governance.proposal(proposal)
      if (stored === undefined) throw new ClientError("not_found", "There is no such proposal.")
      const bytes = encodeSigningRequest({
        org: engine.account().org,
        statement: stored.statement,
        charter: store.charter.all(),
        note: store.meta.getText(charterNoteKey) ?? "",
        names: [...knownNames(), ...engine.requests.askedNames()],
      })
      return { path: signingRequestName(idBytes(proposal) as Parameters<typeof signingRequestName>[0]), bytes }
    },
    importApproval: (bytes) =>
      act(async () => {
        const { org, statement, approval } = decodeApprovalFile(bytes)
        if (hex(org) !== hex(engine.account().org)) {
          throw new ClientError("not_allowed", "This approval is for another organisation.")
        }
        await proposals.bring(hex(statement), approval)
        return hex(statement)
      }),

    act: (index) =>
      actDetailOf(
        {
          charter: engine.charter(),
          people,
          entryAt: (at) => store.charter.at(at),
          entries: () => store.charter.all(),
          notes: notes(),
        },
        index,
      ),
    exportOrganisation: async () => history(knownNames()),
    // Without names: whoever judges a fork need not learn who is in the organisation.
    evidence: async (alarm) => evidenceFiles(store.alarms, alarm, () => history([])),
  }
}
