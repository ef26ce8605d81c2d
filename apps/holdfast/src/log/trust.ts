import { readFile } from "node:fs/promises"
import { type Charter, checkpointTrust } from "@holdfast/charter"
import { organisationPolicy } from "@holdfast/client/offline"
import { type CheckpointTrust, parsePolicy, policyTrust, type TlogPolicy } from "@holdfast/log"
import { CommandError } from "../terminal/command-error.ts"

/** Whose signatures on a note to believe, and who says so. */
export interface NoteTrust {
  readonly trust: CheckpointTrust
  readonly policy: TlogPolicy
  /** For people: "the charter from …" or "the policy in …". */
  readonly from: string
  /** Where the whole history is known, roots of other sizes are too. */
  readonly charter: Charter | undefined
  /** The log has signed that history. */
  readonly isSigned: boolean
}

export function trustOfCharter(charter: Charter, from: string, isSigned: boolean): NoteTrust {
  const { relays, rules } = charter.state
  return {
    trust: checkpointTrust(charter.orgId, relays, rules),
    policy: organisationPolicy(charter.orgId, charter),
    from: `the charter from ${from}`,
    charter,
    isSigned,
  }
}

/** A C2SP policy file. Throws CommandError where there is none that can be read. */
export async function trustOfPolicy(file: string): Promise<NoteTrust> {
  const bytes = await readFile(file).catch((cause) => {
    throw new CommandError(`The file ${file} cannot be read.`, { cause })
  })
  try {
    const policy = parsePolicy(new Uint8Array(bytes))
    const origin = policy.logs[0]?.key.name ?? ""
    return {
      trust: policyTrust(policy, origin),
      policy,
      from: `the policy in ${file}`,
      charter: undefined,
      isSigned: false,
    }
  } catch (cause) {
    throw new CommandError(`${file} is no policy that can be read.`, { cause })
  }
}
