import { useEffect, useState } from "react"
import { desk } from "../../desk-words.ts"
import { isLocalAddress } from "../../state/invitation.ts"

/** Why keepers' passkeys cannot be used in this page, and what to do; `undefined`: they can, or nobody wants to know. (C9.10) */
export function usePasskeyObstacle(wanted: boolean): string | undefined {
  const [obstacle, setObstacle] = useState<string | undefined>(undefined)
  useEffect(() => {
    if (!wanted) return
    let gone = false
    void import("../../platform/passkey.ts").then(({ canUsePasskeys }) => {
      if (gone || canUsePasskeys()) return
      const { hostname, port } = location
      if (hostname.endsWith(".localhost")) setObstacle(desk.become.noPasskeyBrowser)
      else if (isLocalAddress()) setObstacle(desk.become.noPasskeyLocal(`http://holdfast.localhost:${port}`))
      else setObstacle(desk.become.noPasskey(location.origin))
    })
    return () => {
      gone = true
    }
  }, [wanted])
  return obstacle
}
