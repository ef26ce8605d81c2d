import { hex } from "@holdfast/wire"
import { type Charter, type Mark, type OrgState, rootAt } from "../src/index.ts"

/** Everything a charter says, as JSON: byte strings in hexadecimal, lists in the order of their keys. */
export function snapshot(charter: Charter): unknown {
  return {
    orgId: hex(charter.orgId),
    size: charter.size,
    roots: Array.from({ length: charter.size + 1 }, (_, size) => hex(rootAt(charter, size) as Uint8Array)),
    outcomes: [...charter.records].map(({ outcome }) => (typeof outcome === "string" ? outcome : outcome.refused)),
    updateNeededAt: charter.updateNeededAt ?? null,
    state: stateSnapshot(charter.state),
  }
}

function stateSnapshot(state: OrgState): unknown {
  // What came with witnesses is left out where there are none, so that recorded histories without them stay as they are.
  const { witnesses, witnessQuorum, ...others } = state.rules
  const rules = witnesses.length === 0 ? others : state.rules
  const { clock, anchoredSize, waiting, suspensions, canary } = state
  const later = {
    ...(clock === undefined ? {} : { clock, anchoredSize }),
    ...(waiting.length === 0
      ? {}
      : { waiting: waiting.map(({ statement, ...it }) => ({ ...it, statement: hex(statement.id) })) }),
    ...(suspensions.size === 0 ? {} : { suspensions: plain([...suspensions.values()]) }),
    ...(canary === undefined ? {} : { canary: plain(canary) }),
  }
  return {
    ...later,
    founded: state.founded,
    evaluation: state.evaluation,
    nameCommitment: hex(state.nameCommitment),
    rules: plain(rules),
    relays: plain(state.relays),
    members: [...state.members.values()].map((member) => ({
      ...(plain(member) as object),
      added: mark(member.added),
      removed: mark(member.removed),
    })),
    devices: [...state.devices.values()].map((device) => ({
      ...(plain(device) as object),
      added: mark(device.added),
      removed: mark(device.removed),
    })),
    subjects: plain([...state.subjects.values()]),
    applied: [...state.applied.values()],
    keeperKeys: plain([...state.keyByKeeper.values()]),
  }
}

function mark(it: Mark | undefined): unknown {
  return it === undefined ? null : { index: it.index, statementId: hex(it.statementId) }
}

function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return hex(value)
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, item]) => [key, plain(item)]))
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]))
  }
  return value ?? null
}
