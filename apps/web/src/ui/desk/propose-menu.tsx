import { useState } from "react"
import { Menu, MenuItem, MenuTrigger, Popover } from "react-aria-components"
import { desk } from "../../desk-words.ts"
import { go } from "../../state/route.ts"
import { Button } from "../parts.tsx"
import { Admissions } from "./admissions.tsx"
import { ImportApprovalPopup } from "./approving.tsx"
import { BecomeKeeper } from "./become-keeper.tsx"
import { Canary } from "./canary.tsx"
import { ImportPeople } from "./import-people.tsx"
import { Recover } from "./recover.tsx"
import { Relays } from "./relays.tsx"
import { Removals } from "./removals.tsx"
import { Replace } from "./replace.tsx"
import { Suspend } from "./suspend.tsx"
import type { ToolProps } from "./tool.tsx"

type Tool = keyof typeof desk.tools

const windows = {
  suspend: Suspend,
  replace: Replace,
  relays: Relays,
  canary: Canary,
  recover: Recover,
  removals: Removals,
  admissions: Admissions,
  import: ImportPeople,
  become: BecomeKeeper,
  key: ImportApprovalPopup,
} as const satisfies Partial<Record<Tool, (props: ToolProps) => unknown>>

const forKeepers: readonly Tool[] = [
  "rules",
  "admissions",
  "removals",
  "recover",
  "suspend",
  "replace",
  "relays",
  "canary",
  "import",
  "become",
  "key",
]
const forMembers: readonly Tool[] = ["admissions", "removals", "recover", "import", "key"]

/** Every act that somebody can set going, in one list. */
export function ProposeMenu({ overview, governance }: Omit<ToolProps, "onClose">) {
  const [tool, setTool] = useState<Exclude<Tool, "rules"> | null>(null)
  if (overview.standing !== "active") return null
  const shared = governance.evaluation ? forMembers.filter((each) => each !== "recover") : forKeepers
  const tools = overview.me.keeper ? shared : forMembers
  const Window = tool === null ? null : windows[tool]
  return (
    <>
      <MenuTrigger>
        <Button look="main" icon="plus" testId="propose-menu">
          {desk.propose}
        </Button>
        <Popover className="popover" placement="bottom end">
          <Menu
            className="menu"
            onAction={(key) => (key === "rules" ? go({ at: "decisions", part: "rules" }) : setTool(key as typeof tool))}
          >
            {tools.map((each) => (
              <MenuItem key={each} id={each} data-testid={`tool-${each}`}>
                {desk.tools[each]}
              </MenuItem>
            ))}
          </Menu>
        </Popover>
      </MenuTrigger>
      {Window === null ? null : <Window overview={overview} governance={governance} onClose={() => setTool(null)} />}
    </>
  )
}
