// Everything the engine needs from its surroundings. Only apps create real ones.

/** A value SQLite can hold. */
export type SqlValue = null | number | string | Uint8Array

/**
 * One encrypted SQLite database, opened and keyed by whoever made it. Calls are synchronous: the engine runs in a worker
 * or a Node process of its own. `transaction` commits when `work` returns and rolls back when it throws; never nested.
 * Throws ClientError `disk_full`, `damaged_store`.
 */
export interface Database {
  run(sql: string, ...values: readonly SqlValue[]): void
  all(sql: string, ...values: readonly SqlValue[]): readonly Readonly<Record<string, SqlValue>>[]
  transaction<T>(work: () => T): T
  close(): void
}

/**
 * Chunks of ciphertext on this device: uploads waiting and downloads kept. Names are hex ids and chunk numbers.
 * `write` is durable and all-or-nothing when it resolves; `read` gives null where there is none.
 */
export interface ChunkStore {
  write(blob: string, chunk: number, bytes: Uint8Array): Promise<void>
  read(blob: string, chunk: number): Promise<Uint8Array | null>
  list(blob: string): Promise<readonly number[]>
  remove(blob: string): Promise<void>
}

/**
 * Opens databases of this device by name, under a 32-byte key. `create` refuses an existing one, `open` a missing one.
 * A key that does not fit throws ClientError `wrong_passphrase`; damage `damaged_store`; held by another process or tab `store_busy`.
 */
export interface DatabaseOpener {
  create(name: string, key: Uint8Array): Promise<Database>
  open(name: string, key: Uint8Array): Promise<Database>
  remove(name: string): Promise<void>
}

/** Small files beside the databases, in clear: wrapped keys only. `write` is durable and atomic. */
export interface VaultFiles {
  list(): Promise<readonly string[]>
  read(name: string): Promise<Uint8Array | null>
  write(name: string, bytes: Uint8Array): Promise<void>
  remove(name: string): Promise<void>
}

/** One connection to a relay's socket; messages are whole and in order. */
export interface Socket {
  send(bytes: Uint8Array): void
  close(): void
  onMessage(listener: (bytes: Uint8Array) => void): void
  onClose(listener: () => void): void
}

export interface Network {
  /** Resolves when open; rejects when unreachable. `url` is the relay's http(s) address. */
  openSocket(url: string): Promise<Socket>
  /** For blobs. As the platform's fetch, no redirects, no cookies. */
  fetch(
    url: string,
    init: { method: string; headers: Record<string, string>; body?: Uint8Array; signal?: AbortSignal },
  ): Promise<{ status: number; bytes(): Promise<Uint8Array> }>
}

export interface Timers {
  now(): number
  setTimeout(work: () => void, millis: number): () => void
}

/** Argon2id (RFC 9106) of a passphrase, 32 bytes out. */
export type StretchPassphrase = (
  passphrase: string,
  salt: Uint8Array,
  cost: { readonly memoryKiB: number; readonly passes: number; readonly lanes: number },
) => Promise<Uint8Array>

export interface ClientPorts {
  readonly databases: DatabaseOpener
  readonly files: VaultFiles
  readonly chunks: (vault: string) => ChunkStore
  readonly network: Network
  readonly timers: Timers
  readonly randomBytes: (length: number) => Uint8Array
  readonly stretch: StretchPassphrase
  /** Told of errors that nobody asked for and that are not the network's: for logs. Never holds a secret. */
  readonly report?: (error: unknown) => void
}
