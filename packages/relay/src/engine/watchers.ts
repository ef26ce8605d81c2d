import { hex, type LaneId } from "@holdfast/wire"
import type { LaneNews } from "./lane-engine.ts"

type OnNews = (news: LaneNews) => void

/** Who wants to hear of which lane. */
export class Watchers {
  readonly #byLane = new Map<string, Set<OnNews>>()

  watch(lane: LaneId, onNews: OnNews): () => void {
    const key = hex(lane)
    const watchers = this.#byLane.get(key) ?? new Set()
    this.#byLane.set(key, watchers)
    watchers.add(onNews)
    return () => {
      watchers.delete(onNews)
      if (watchers.size === 0 && this.#byLane.get(key) === watchers) this.#byLane.delete(key)
    }
  }

  tell(lane: LaneId, news: LaneNews): void {
    for (const onNews of this.#byLane.get(hex(lane)) ?? []) onNews(news)
  }
}
