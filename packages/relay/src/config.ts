/** What an operator may set. Everything has a bound; the defaults suit an organisation of some hundred people (R7). */
export interface RelayConfig {
  /** Who founds an organisation here has to give it. Empty: anyone may. */
  readonly hostingCode: string
  /** For each device, counted in memory from midnight UTC (R7.6). */
  readonly framesPerDay: number
  readonly blobBytesPerDay: number
  /** For each invitation, while the relay runs. */
  readonly framesPerGuest: number
  readonly maxConnections: number
  readonly maxConnectionsPerAddress: number
  /** Wrong hosting codes and failed session signatures from one address in a minute. */
  readonly maxFailuresPerMinute: number
  readonly helloMillis: number
  readonly pingMillis: number
  /** A connection that takes nothing for this long, while something waits for it, is closed. */
  readonly stallMillis: number
  readonly operationMillis: number
  /** A witness has this long to cosign. */
  readonly witnessMillis: number
  /** Anchors that a device may bring by itself, a day. */
  readonly anchorsPerDay: number
  /** Requests of one connection under way at a time, and their bytes; beyond, the relay stops reading from it. */
  readonly maxRequestsUnderWay: number
  readonly maxRequestBytesUnderWay: number
  /** Bytes on their way to one connection above which nothing more is read for it. One batch may come on top (R6.4). */
  readonly maxOutputBytes: number
  readonly maxBlobRequests: number
}

export const relayDefaults: RelayConfig = {
  hostingCode: "",
  framesPerDay: 20_000,
  blobBytesPerDay: 20 * 2 ** 30,
  framesPerGuest: 8,
  maxConnections: 10_000,
  maxConnectionsPerAddress: 1_024,
  maxFailuresPerMinute: 30,
  helloMillis: 10_000,
  pingMillis: 30_000,
  stallMillis: 60_000,
  operationMillis: 20_000,
  witnessMillis: 10_000,
  anchorsPerDay: 24,
  maxRequestsUnderWay: 64,
  maxRequestBytesUnderWay: 8 * 2 ** 20,
  maxOutputBytes: 2 ** 20,
  maxBlobRequests: 128,
}
