// Chromium's own authenticator in software, through the DevTools protocol: real `navigator.credentials`, no finger needed.
import type { CDPSession, Page } from "playwright-core"

export interface AuthenticatorKind {
  readonly userVerifies?: boolean
  readonly backupEligible?: boolean
  readonly backedUp?: boolean
}

const base64url = (hex: string) => Buffer.from(hex, "hex").toString("base64")

export class VirtualAuthenticator {
  readonly #session: CDPSession
  readonly #id: string

  private constructor(session: CDPSession, id: string) {
    this.#session = session
    this.#id = id
  }

  static async plugIn(page: Page, kind: AuthenticatorKind = {}): Promise<VirtualAuthenticator> {
    const session = await page.context().newCDPSession(page)
    await session.send("WebAuthn.enable")
    const { authenticatorId } = await session.send("WebAuthn.addVirtualAuthenticator", {
      options: {
        protocol: "ctap2",
        transport: "internal",
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: kind.userVerifies ?? true,
        automaticPresenceSimulation: true,
        defaultBackupEligibility: kind.backupEligible ?? false,
        defaultBackupState: kind.backedUp ?? false,
      },
    })
    return new VirtualAuthenticator(session, authenticatorId)
  }

  async unplug(): Promise<void> {
    await this.#session.send("WebAuthn.removeVirtualAuthenticator", { authenticatorId: this.#id })
    await this.#session.detach()
  }

  async setUserVerified(isUserVerified: boolean): Promise<void> {
    await this.#session.send("WebAuthn.setUserVerified", { authenticatorId: this.#id, isUserVerified })
  }

  async setBackup(credentialId: string, backupEligibility: boolean, backupState: boolean): Promise<void> {
    await this.#session.send("WebAuthn.setCredentialProperties", {
      authenticatorId: this.#id,
      credentialId: base64url(credentialId),
      backupEligibility,
      backupState,
    })
  }

  /** The same key, as if it had been made for another RP ID. */
  async moveTo(credentialId: string, rpId: string): Promise<void> {
    const known = { authenticatorId: this.#id, credentialId: base64url(credentialId) }
    const { credential } = await this.#session.send("WebAuthn.getCredential", known)
    await this.#session.send("WebAuthn.removeCredential", known)
    await this.#session.send("WebAuthn.addCredential", {
      authenticatorId: this.#id,
      credential: { ...credential, rpId },
    })
  }
}
