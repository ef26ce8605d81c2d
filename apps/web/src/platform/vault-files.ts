import type { VaultFiles } from "@holdfast/client"
import { directory, names, readWhole, remove, writeWhole } from "./opfs.ts"

export const browserVaultFiles: VaultFiles = {
  list: async () => names(await directory("vaults")),
  read: async (name) => readWhole(await directory("vaults"), name),
  write: async (name, bytes) => writeWhole(await directory("vaults"), name, bytes),
  remove: async (name) => remove(await directory("vaults"), name),
}
