// The rules, what waits and who vouches, as the keepers' desk shows them (E5.12).
import {
  actInWords,
  actNumbers,
  actRuleOf,
  type Charter,
  delayOf,
  isActiveMember,
  isEvaluation,
  isSuspended,
  type Keeper,
  keyCode,
  shortCode,
  type Waiting,
} from "@holdfast/charter"
import { equalBytes, hex } from "@holdfast/wire"
import { type Account, deviceOf } from "./account.ts"
import type { Governance, KeeperView, RelayView, RuledAct, WaitingAct, Watch } from "./governance-api.ts"
import { keeperKeyCode } from "./offline/index.ts"
import { isAbout } from "./own-record.ts"
import type { People } from "./people.ts"
import { keeperName } from "./proposal-view.ts"
import { isCanaryLapsed } from "./standing-notices.ts"

export const ruledActs = [
  "rules",
  "suspend-keeper",
  "member-add",
  "member-remove",
  "device-add",
  "device-remove",
  "relays",
  "release",
  "recover",
  "canary",
] as const satisfies readonly RuledAct[]

export interface GovernanceSources {
  readonly account: Account
  readonly charter: Charter
  readonly people: People
  readonly watch: Watch
  readonly nowMillis: number
}

/** Throws nothing; of an organisation whose charter is not here yet it shows no keepers and no rules. (E5.12) */
export function governanceOf(sources: GovernanceSources): Governance {
  const { charter, watch, nowMillis } = sources
  const { state } = charter
  const { rules, canary, clock } = state
  return {
    version: rules.version,
    evaluation: isEvaluation(rules),
    keepers: rules.keepers.map((keeper) => keeperView(sources, keeper)),
    acts: actsOf(charter),
    watch,
    waiting: state.waiting.map((it) => waitingAct(sources, it)),
    ...(canary === undefined
      ? {}
      : {
          canary: {
            until: canary.until * 1_000,
            lapsed: isCanaryLapsed(charter, nowMillis),
            index: canary.mark.index,
          },
        }),
    relays: relaysOf(charter),
    ...(clock === undefined ? {} : { clock: clock * 1_000 }),
  }
}

function keeperView({ account, charter, people }: GovernanceSources, keeper: Keeper): KeeperView {
  const { state } = charter
  const { id, member, kind, publicKey, organisation, jurisdiction } = keeper
  const suspension = state.suspensions.get(id)
  const until = suspension?.begins === undefined ? undefined : (suspension.begins + suspension.seconds) * 1_000
  return {
    id: hex(id),
    ...(member === undefined ? {} : { member: hex(member) }),
    name: keeperName(people, keeper),
    kind: kind === 2 ? "passkey" : "key",
    keyCode: keeperKeyCode(publicKey),
    organisation,
    jurisdiction,
    you: member !== undefined && equalBytes(member, account.member),
    ...(isSuspended(state, id) ? { suspended: until === undefined ? {} : { until } } : {}),
    withoutMember: member !== undefined && !isActiveMember(state, member),
  }
}

function actsOf({ size, state }: Charter): Governance["acts"] {
  const { rules } = state
  const entries = ruledActs.map((act) => {
    const number = actNumbers[act]
    const none = { k: 0, delaySeconds: 0, vetoK: 0, minOrganisations: 0, minJurisdictions: 0 }
    const rule = size === 0 ? none : { ...actRuleOf(rules, number), delaySeconds: delayOf(rules, number) }
    return [act, { ...rule, own: rules.acts.has(number) }] as const
  })
  return Object.fromEntries(entries) as Governance["acts"]
}

function waitingAct(sources: GovernanceSources, it: Waiting): WaitingAct {
  const { account, charter, people } = sources
  const { index, statement, delaySeconds, vetoK, begins } = it
  return {
    statement: hex(statement.id),
    index,
    sentence: actInWords(statement, people.names),
    code: shortCode(statement.id),
    ...(begins === undefined ? {} : { effectAt: (begins + delaySeconds) * 1_000 }),
    delaySeconds,
    vetoK,
    canVeto: canVeto(account, charter, it),
    aboutMe: isAbout(charter, statement, account.member, index),
  }
}

/** (C10.5) */
export function canVeto(account: Account, { state }: Charter, { statement, vetoK }: Waiting): WaitingAct["canVeto"] {
  const device = state.devices.get(deviceOf(account))
  const isActive = device !== undefined && device.removed === undefined
  if (isActive && statement.type === "recover" && equalBytes(statement.body.member, account.member)) return "alone"
  const seat = state.rules.keepers.find(({ member }) => member !== undefined && equalBytes(member, account.member))
  return vetoK > 0 && seat !== undefined && !isSuspended(state, seat.id) ? "with-others" : "no"
}

function relaysOf({ state }: Charter): readonly RelayView[] {
  return state.relays.map(({ id, urls, logPublicKey, operator, jurisdiction }) => ({
    id: hex(id),
    urls,
    keyCode: keyCode(logPublicKey),
    logPublicKey: hex(logPublicKey),
    operator,
    jurisdiction,
  }))
}
