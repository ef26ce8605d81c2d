// A safe subset of Markdown: links, emphasis, strong, code, lists, quotes, sub and sup. Never raw HTML, and nothing is
// loaded from anywhere: a picture in Markdown is shown as a link.
import { fromMarkdown } from "mdast-util-from-markdown"
import { memo, type ReactNode } from "react"
import { Fence } from "./fence.tsx"

type Root = ReturnType<typeof fromMarkdown>
type Node = Root["children"][number]

/** Deeper than anybody writes; a message that goes further is shown as it was typed. */
const maxDepth = 12
/** Longer texts, and those with more signs, are shown as they were typed: the parser's time grows with the square of the signs. */
const maxParsedCharacters = 12_000
const maxSigns = 800

export const Markdown = memo(function Markdown({ text }: { text: string }) {
  return (
    <div className="prose">
      <Fence fallback={<Plain text={text} />}>
        <Parsed text={text} />
      </Fence>
    </div>
  )
})

function Plain({ text }: { text: string }) {
  return <p>{text}</p>
}

function Parsed({ text }: { text: string }) {
  const root = parse(text)
  return root === null ? <Plain text={text} /> : root.children.map((node, at) => show(node, at))
}

/** `null`: too long, too deep or too full of signs to be worth it. */
export function parse(text: string): Root | null {
  // each level of nesting is at least one of these at the start of a line
  if (text.length > maxParsedCharacters || /^(?:[ \t]*(?:>|[-*+]|\d{1,9}[.)])){13}/m.test(text)) return null
  if ((text.match(/[*_[\]`<&!~^]/g)?.length ?? 0) > maxSigns) return null
  const root = fromMarkdown(text)
  return depthOf(root, 0) > maxDepth ? null : root
}

function depthOf(node: Root | Node, depth: number): number {
  if (depth > maxDepth || !("children" in node)) return depth
  let deepest = depth
  for (const child of node.children) deepest = Math.max(deepest, depthOf(child, depth + 1))
  return deepest
}

function children(node: { children: readonly Node[] }): ReactNode {
  return node.children.map((child, at) => show(child, at))
}

function show(node: Node, key: number): ReactNode {
  switch (node.type) {
    case "paragraph":
      return <p key={key}>{children(node)}</p>
    case "heading":
      return (
        <p key={key}>
          <strong>{children(node)}</strong>
        </p>
      )
    case "text":
      return <Words key={key} value={node.value} />
    case "emphasis":
      return <em key={key}>{children(node)}</em>
    case "strong":
      return <strong key={key}>{children(node)}</strong>
    case "inlineCode":
      return <code key={key}>{node.value}</code>
    case "code":
      return (
        <pre key={key}>
          <code>{node.value}</code>
        </pre>
      )
    case "blockquote":
      return <blockquote key={key}>{children(node)}</blockquote>
    case "list":
      return node.ordered === true ? (
        <ol key={key} start={node.start ?? 1}>
          {children(node)}
        </ol>
      ) : (
        <ul key={key}>{children(node)}</ul>
      )
    case "listItem":
      return <li key={key}>{children(node)}</li>
    case "break":
      return <br key={key} />
    case "thematicBreak":
      return <hr key={key} />
    case "link":
      return (
        <Link key={key} href={node.url} shown={plainText(node)}>
          {children(node)}
        </Link>
      )
    case "image":
      return (
        <Link key={key} href={node.url} shown={node.alt ?? ""}>
          {node.alt || node.url}
        </Link>
      )
    case "html":
      // shown as it was typed, never interpreted
      return <span key={key}>{node.value}</span>
    case "linkReference":
      return <span key={key}>{children(node)}</span>
    case "imageReference":
      return <span key={key}>{node.alt}</span>
    default:
      return null
  }
}

function plainText(node: { children: readonly Node[] }): string {
  return node.children
    .map((child) => ("value" in child ? child.value : "children" in child ? plainText(child) : ""))
    .join("")
}

/** `null`: not an address that a message may lead to. */
export function safeAddress(href: string): URL | null {
  if (!URL.canParse(href)) return null
  const url = new URL(href)
  return ["https:", "http:", "mailto:"].includes(url.protocol) ? url : null
}

function Link({ href, shown, children }: { href: string; shown: string; children: ReactNode }) {
  const url = safeAddress(href)
  if (url === null) return <span>{children}</span>
  const where = url.protocol === "mailto:" ? url.pathname : url.host
  return (
    <>
      <a href={url.href} target="_blank" rel="noopener noreferrer nofollow">
        {children}
      </a>
      {/* words that hide where a link leads get the place beside them */}
      {shown.includes(where) ? null : <span className="link-host"> ({where})</span>}
    </>
  )
}

const piece = /(https?:\/\/[^\s<>]+)|\^([\p{L}\p{N}+−-]{1,20})\^|~([\p{L}\p{N}+−-]{1,20})~/gu

/** Text with bare addresses as links, ^sup^ and ~sub~. */
function Words({ value }: { value: string }) {
  const out: ReactNode[] = []
  let from = 0
  for (const found of value.matchAll(piece)) {
    const [whole, address, sup, sub] = found
    if (address !== undefined) {
      // the full stop or bracket after an address belongs to the sentence
      const bare = address.replace(/[.,;:!?'")\]}]+$/u, "")
      if (safeAddress(bare) === null) continue
      out.push(value.slice(from, found.index))
      out.push(
        <Link key={found.index} href={bare} shown={bare}>
          {bare}
        </Link>,
      )
      from = found.index + bare.length
      continue
    }
    out.push(value.slice(from, found.index))
    out.push(sup !== undefined ? <sup key={found.index}>{sup}</sup> : <sub key={found.index}>{sub}</sub>)
    from = found.index + whole.length
  }
  out.push(value.slice(from))
  return <>{out}</>
}
