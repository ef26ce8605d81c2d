/**
 * Where to found an organisation, as everybody is to reach it: what the desk that served this page says, else where the page came
 * from. Browsers lead every name under .localhost to this machine and other programs do not, so such a name becomes `localhost`. (K3.4)
 */
export function relayAddress(): string {
  const { protocol, hostname, port, origin } = location
  const named = namedByDesk()
  if (named !== undefined) return named
  return hostname.endsWith(".localhost") ? `${protocol}//localhost${port === "" ? "" : `:${port}`}` : origin
}

/** Where somebody without a desk finds this client: a desk is there for nobody but its owner. (K3.4) */
export function guestAddress(): string {
  return namedByDesk() ?? location.origin
}

function namedByDesk(): string | undefined {
  const named = document.querySelector('meta[name="holdfast-relay"]')?.getAttribute("content")
  return named === null || named === "" ? undefined : named
}
