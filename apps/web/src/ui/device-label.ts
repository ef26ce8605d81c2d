/** "Chromium on Linux": a first guess that people can change. */
export function guessDeviceLabel(agent = navigator.userAgent): string {
  const system =
    [
      [/Android/, "Android"],
      [/iPhone/, "iPhone"],
      [/iPad/, "iPad"],
      [/Windows/, "Windows"],
      [/Mac OS X/, "Mac"],
      [/CrOS/, "ChromeOS"],
      [/Linux/, "Linux"],
    ].find(([pattern]) => (pattern as RegExp).test(agent))?.[1] ?? "this computer"
  const browser =
    [
      [/Firefox\//, "Firefox"],
      [/Edg\//, "Edge"],
      [/OPR\//, "Opera"],
      [/Chrom(e|ium)\//, "Chromium"],
      [/Safari\//, "Safari"],
    ].find(([pattern]) => (pattern as RegExp).test(agent))?.[1] ?? "Browser"
  return `${browser} on ${system}`
}
