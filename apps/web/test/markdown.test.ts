import { createElement } from "react"
import { renderToStaticMarkup } from "react-dom/server"
import { describe, expect, test } from "vitest"
import { Markdown, parse, safeAddress } from "../src/ui/markdown.tsx"

const html = (text: string) =>
  renderToStaticMarkup(createElement(Markdown, { text })).replace(/^<div class="prose">|<\/div>$/g, "")

describe("what is shown", () => {
  test.each([
    ["*a* **b** `c`", "<p><em>a</em> <strong>b</strong> <code>c</code></p>"],
    ["one\ntwo", "<p>one\ntwo</p>"],
    ["> quoted", "<blockquote><p>quoted</p></blockquote>"],
    ["m^2^ and H~2~O", "<p>m<sup>2</sup> and H<sub>2</sub>O</p>"],
    ["about ~5 or ~6 and 2^3 4^5", "<p>about ~5 or ~6 and 2^3 4^5</p>"],
    ["# loud", "<p><strong>loud</strong></p>"],
    ["3. c\n4. d", '<ol start="3"><li><p>c</p></li><li><p>d</p></li></ol>'],
  ])("%j", (text, expected) => expect(html(text)).toBe(expected))
})

describe("links", () => {
  const link = (href: string, words: string) =>
    `<a href="${href}" target="_blank" rel="noopener noreferrer nofollow">${words}</a>`

  test("a bare address ends where the sentence goes on", () =>
    expect(html("see https://example.org/a, then (https://example.org/b).")).toBe(
      `<p>see ${link("https://example.org/a", "https://example.org/a")}, then (${link("https://example.org/b", "https://example.org/b")}).</p>`,
    ))
  test("words that hide where a link leads get the place beside them", () =>
    expect(html("[my bank](https://evil.example/x)")).toBe(
      `<p>${link("https://evil.example/x", "my bank")}<span class="link-host"> (evil.example)</span></p>`,
    ))
  test.each([
    "javascript:alert(1)",
    "data:text/html,x",
    "file:///etc/passwd",
    "vbscript:x",
    "blob:https://a/b",
    "//evil",
  ])("%s leads nowhere", (href) => {
    expect(safeAddress(href)).toBeNull()
    expect(html(`[x](${href})`)).not.toContain("href")
  })
  test("a picture is a link, never loaded", () => {
    expect(html("![cat](https://evil.example/cat.png)")).not.toContain("<img")
    expect(html("![cat](https://evil.example/cat.png)")).toContain('href="https://evil.example/cat.png"')
  })
})

describe("hostile text", () => {
  test.each([
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "a <b onclick=x>b</b>",
    "<style>*{}</style>",
  ])("%s stays as it was typed", (text) => {
    const shown = html(text)
    expect(shown).not.toMatch(/<(?:script|img|b|style)[\s>]/)
    expect(shown).toContain("&lt;")
  })
  test.each([
    ["nested quotes", ">".repeat(12_000)],
    ["nested lists", "- ".repeat(6_000)],
    ["open brackets", "[".repeat(12_000)],
    ["open emphasis", "*a ".repeat(4_000)],
    ["emphasis runs", "a**b".repeat(3_000)],
    ["back-ticks", Array.from({ length: 150 }, (_, n) => `${"`".repeat(n)} `).join("")],
    ["link openers", "[a](".repeat(3_000)],
    ["as many signs as are read", "a**b".repeat(400)],
    ["as long as a message may be", "*_[`>".repeat(6_500)],
  ])("%s: shown within half a second", (_, text) => {
    const start = performance.now()
    expect(html(text).length).toBeGreaterThan(0)
    expect(performance.now() - start).toBeLessThan(500)
  })
  test("what is nested too deep or too long is not parsed at all", () => {
    expect(parse(">".repeat(40))).toBeNull()
    expect(parse("x".repeat(20_000))).toBeNull()
    expect(parse("> > > deep enough")).not.toBeNull()
  })
})
