// Stands in for Node's module in the bundle.
export const webcrypto: Crypto = globalThis.crypto
