export {
  changePassphrase,
  createVault,
  listVaultIds,
  minimumPassphraseCharacters,
  openVault,
  removeVaultFile,
  type Vault,
} from "./vault.ts"
