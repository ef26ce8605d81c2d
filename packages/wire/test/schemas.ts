import { DirectoryEntrySchema } from "../src/directory-entry.ts"
import { InvitationSchema } from "../src/invitation.ts"
import * as relay from "../src/relay-protocol.ts"
import type { Message } from "../src/schema.ts"
import { type Contract, loadContract } from "./contract.ts"

function isMessage(value: unknown): value is Message<unknown> {
  return typeof value === "object" && value !== null && "name" in value && "read" in value && "write" in value
}

/** Every message of the protocol that has a schema of its own; unions are reached through Request and Reply. */
export const relaySchemas: ReadonlyMap<string, Message<unknown>> = new Map(
  (Object.values(relay) as readonly unknown[]).filter(isMessage).map((schema) => [schema.name, schema]),
)

export const contracts: readonly {
  readonly file: string
  readonly contract: Contract
  readonly schemas: ReadonlyMap<string, Message<unknown>>
}[] = [
  { file: "relay.proto", contract: loadContract("relay.proto"), schemas: relaySchemas },
  {
    file: "directory.proto",
    contract: loadContract("directory.proto"),
    schemas: new Map([["DirectoryEntry", DirectoryEntrySchema as Message<unknown>]]),
  },
  {
    file: "invitation.proto",
    contract: loadContract("invitation.proto"),
    schemas: new Map([["Invitation", InvitationSchema as Message<unknown>]]),
  },
]

export const everyMessage = contracts.flatMap(({ file, contract, schemas }) =>
  [...schemas].map(([name, schema]) => ({ title: `${file} ${name}`, name, contract, schema })),
)
