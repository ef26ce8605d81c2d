// What Linux says about running programs: who started whom, and how much memory each holds.
import { readdirSync, readFileSync } from "node:fs"

interface Listed {
  readonly pid: number
  readonly parent: number
  readonly commandLine: string
}

function listed(): readonly Listed[] {
  const all: Listed[] = []
  for (const name of readdirSync("/proc")) {
    if (!/^[0-9]+$/.test(name)) continue
    try {
      const stat = readFileSync(`/proc/${name}/stat`, "utf8")
      // the program's name stands in brackets and may hold spaces; the parent is the second word after it
      const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1])
      const commandLine = readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\0", " ")
      all.push({ pid: Number(name), parent, commandLine })
    } catch {
      // it ended while we looked
    }
  }
  return all
}

/** A process and everything it started, itself first. */
export function processTree(pid: number): readonly Listed[] {
  const all = listed()
  const tree = all.filter((each) => each.pid === pid)
  for (let at = 0; at < tree.length; at++) {
    tree.push(...all.filter(({ parent }) => parent === tree[at]?.pid))
  }
  return tree
}

/** The Chromium of a profile: the process with this user data folder that none of its like started. */
export function chromiumOf(userDataFolder: string): number | undefined {
  const own = listed().filter(
    ({ commandLine }) => commandLine.includes(`--user-data-dir=${userDataFolder} `) && !commandLine.includes("--type="),
  )
  return own.find(({ parent }) => !own.some(({ pid }) => pid === parent))?.pid
}

/** Ends a process and everything it started at once, without giving any of them time to do anything. */
export function killTree(pid: number): void {
  for (const each of processTree(pid)) {
    try {
      process.kill(each.pid, "SIGKILL")
    } catch {
      // already gone
    }
  }
}

/** Resident memory in bytes; 0 for a process that is gone. */
export function residentBytes(pid: number): number {
  try {
    const found = /^VmRSS:\s+([0-9]+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))
    return Number(found?.[1] ?? 0) * 1_024
  } catch {
    return 0
  }
}

export const mebibytes = (bytes: number) => Math.round(bytes / 1_048_576)

export interface MemoryCourse {
  readonly before: number
  readonly peak: number
  readonly grown: number
  /** How much higher the second half of the time went than the first: in a long transfer, what holds on to all it reads shows here. */
  readonly climbed: number
}

/** Sums the resident memory of some processes four times a second until `stop`. */
export class MemoryWatch {
  #sums: number[] = []
  #timer: NodeJS.Timeout
  constructor(pids: () => readonly number[]) {
    const look = () => this.#sums.push(pids().reduce((sum, pid) => sum + residentBytes(pid), 0))
    look()
    this.#timer = setInterval(look, 250)
  }
  stop(): MemoryCourse {
    clearInterval(this.#timer)
    const middle = Math.ceil(this.#sums.length / 2)
    const before = this.#sums[0] ?? 0
    const early = Math.max(...this.#sums.slice(0, middle))
    const late = Math.max(early, ...this.#sums.slice(middle))
    return { before, peak: late, grown: late - before, climbed: late - early }
  }
}
