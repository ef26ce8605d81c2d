import type { Level, PromiseId } from "./finding.ts"
import type { Scene } from "./scene.ts"

/** What has to happen for an attack to count as seen (D4.1). */
export type Expected =
  /** An honest client shows one of these kinds of alarm. */
  | { readonly kind: "alarm"; readonly kinds: readonly string[] }
  /** Somebody honest says no to what was asked. */
  | { readonly kind: "refused" }
  /** It can only be felt: people see that they are offline, and nothing is lost. */
  | { readonly kind: "offline" }
  /** Nobody is there to notice: a copied disk, or keys that simply do not fit. */
  | { readonly kind: "nothing" }

/** One thing that somebody at a level tries against the promise it would break. */
export interface Attack {
  /** Short, stable words: programs know the attack by them. */
  readonly name: string
  readonly level: Level
  readonly promise: PromiseId
  /** What is done, in a sentence. */
  readonly tries: string
  readonly expected: Expected
  /** Those that leave nothing behind but an entry that was refused can follow one another in one scene. (D1.2) */
  readonly sharesScene?: boolean
  /** Does it for real, measures what was gained with `scene.gain`, and has the notice waited for. */
  run(scene: Scene): Promise<void>
}
