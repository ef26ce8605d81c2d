import type { Page } from "playwright-core"

/** Roles that are of no use without a name. */
const named = new Set(["button", "link", "textbox", "checkbox", "radio", "menuitem", "dialog", "alertdialog"])

/** What is wrong with the page as it is: wider than the window, controls without names, text that is hard to read. */
export async function flawsOn(page: Page): Promise<readonly string[]> {
  return [...(await unnamed(page)), ...(await page.evaluate(tooWide)), ...(await page.evaluate(tooFaint))]
}

async function unnamed(page: Page): Promise<readonly string[]> {
  const session = await page.context().newCDPSession(page)
  const { nodes } = await session.send("Accessibility.getFullAXTree")
  await session.detach()
  return nodes
    .filter(({ ignored, role, name }) => !ignored && named.has(role?.value ?? "") && (name?.value ?? "").trim() === "")
    .map(({ role, backendDOMNodeId }) => `${role?.value} without a name (node ${backendDOMNodeId})`)
}

function tooWide(): string[] {
  const wide = document.documentElement.clientWidth
  const flaws = document.documentElement.scrollWidth > wide ? ["the page scrolls sideways"] : []
  for (const element of document.querySelectorAll("#root *, [role=dialog] *")) {
    const { left, right, width } = element.getBoundingClientRect()
    if (width <= 1 || (left >= -1 && right <= wide + 1)) continue
    // inside something that scrolls by itself it may be wider
    if (element.closest("pre, .unseen") === null) flaws.push(`${element.className || element.tagName} sticks out`)
  }
  return flaws
}

/** WCAG 2.2 AA: 4.5 to 1, or 3 to 1 for large text. Disabled controls and what lies under a window are left out. */
function tooFaint(): string[] {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true })
  if (canvas === null) return ["no canvas"]
  const rgba = (colour: string): [number, number, number, number] => {
    canvas.clearRect(0, 0, 1, 1)
    canvas.fillStyle = colour
    canvas.fillRect(0, 0, 1, 1)
    const [r = 0, g = 0, b = 0, a = 0] = canvas.getImageData(0, 0, 1, 1).data
    return [r, g, b, a / 255]
  }
  const light = ([r, g, b]: readonly number[]) => {
    const linear = [r, g, b].map((part = 0) => (part <= 10.31 ? part / 3_294.6 : ((part / 255 + 0.055) / 1.055) ** 2.4))
    return 0.2126 * (linear[0] ?? 0) + 0.7152 * (linear[1] ?? 0) + 0.0722 * (linear[2] ?? 0)
  }
  const behind = (element: Element): readonly number[] => {
    const layers: [number, number, number, number][] = []
    for (let at: Element | null = element; at !== null; at = at.parentElement) {
      const layer = rgba(getComputedStyle(at).backgroundColor)
      if (layer[3] > 0) layers.push(layer)
      if (layer[3] === 1) break
    }
    return layers.reduceRight<readonly number[]>(
      (below, [r, g, b, a]) => [r, g, b].map((part, n) => part * a + (below[n] ?? 255) * (1 - a)),
      [255, 255, 255],
    )
  }
  const flaws: string[] = []
  const dialog = document.querySelector("[role=dialog], [role=alertdialog]")
  const walker = document.createTreeWalker(dialog ?? document.body, NodeFilter.SHOW_TEXT)
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const element = node.parentElement
    const words = node.textContent?.trim() ?? ""
    if (element === null || words === "" || element.closest(".unseen, [data-disabled], [aria-hidden=true]") !== null)
      continue
    const style = getComputedStyle(element)
    if (style.visibility === "hidden" || element.getClientRects().length === 0) continue
    const size = Number.parseFloat(style.fontSize)
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700)
    const [front, back] = [light(rgba(style.color)), light(behind(element))]
    const ratio = (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05)
    if (ratio < (large ? 3 : 4.5)) flaws.push(`"${words.slice(0, 40)}" is faint: ${ratio.toFixed(2)}`)
  }
  return flaws
}
