// A name that somebody chose for an organisation to be shown before it is unlocked. Readable on the disk, so only by choice.
const prefix = "holdfast-label-"

export function vaultLabel(vault: string): string | undefined {
  try {
    return localStorage.getItem(prefix + vault) ?? undefined
  } catch {
    return undefined
  }
}

export function setVaultLabel(vault: string, label: string): void {
  if (label.trim() === "") localStorage.removeItem(prefix + vault)
  else localStorage.setItem(prefix + vault, label.trim())
}
