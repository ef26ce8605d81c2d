import { type CryptoProvider, defaultCryptoProvider } from "ts-mls"
import { defaultSuiteName, type OurSuiteName, type Platform, suiteOf, vectorSuiteName } from "./suite.ts"

function isOurs(name: string): name is OurSuiteName {
  return name === defaultSuiteName || name === vectorSuiteName
}

/** ts-mls's CryptoProvider over the platform: our two suites (M2.1), and the library's own code for all others. */
export function makeProvider(platform: Platform = "platform"): CryptoProvider {
  return {
    async getCiphersuiteImpl(suite) {
      return isOurs(suite.name)
        ? (await suiteOf(suite.name, platform)).mls
        : defaultCryptoProvider.getCiphersuiteImpl(suite)
    },
  }
}
