/** The engine refuses shorter ones. */
export const minimumPassphraseCharacters = 8

export type Strength = "short" | "weak" | "fair" | "strong"

/**
 * A rough guess, erring on the low side: repeated and neighbouring characters count little, words count as words. It only
 * advises; nobody is refused a weak passphrase that is long enough.
 */
export function strengthOf(passphrase: string): Strength {
  const characters = [...passphrase.normalize("NFC")]
  if (characters.length < minimumPassphraseCharacters) return "short"
  let useful = 0
  characters.forEach((character, at) => {
    const before = characters[at - 1]?.codePointAt(0)
    const step = before === undefined ? Number.NaN : Math.abs((character.codePointAt(0) as number) - before)
    // the same again, or the next in the alphabet: nearly nothing
    useful += step <= 1 ? 0.2 : 1
  })
  const kinds = [/\p{Ll}/u, /\p{Lu}/u, /\p{N}/u, /[^\p{L}\p{N}]/u].filter((kind) => kind.test(passphrase)).length
  const distinct = new Set(characters).size
  // letters of words carry some two bits each, a mix of everything is more likely to be random
  const bits = useful * ([0, 2, 2.4, 3.4, 4.9][kinds] as number) * Math.min(1, distinct / 10)
  return bits < 40 ? "weak" : bits < 58 ? "fair" : "strong"
}
