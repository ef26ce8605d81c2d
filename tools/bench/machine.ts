import os from "node:os"

/** What figures are worth nothing without: the machine, the runtime, and how busy the machine was (1 minute average). */
export function describeMachine(): string {
  const cpus = os.cpus()
  const model = cpus[0]?.model.trim() || "unknown processor"
  const memory = Math.round(os.totalmem() / 2 ** 30)
  return `${model}, ${os.availableParallelism()} cores, ${memory} GiB, Node ${process.versions.node}, ${os.platform()} ${os.arch()}`
}

/** "load 1.5 on 2 cores: quiet", or "busy": beyond one runnable thread a core, times are other people's as well. */
export function describeLoad(): string {
  const [load = 0] = os.loadavg()
  const cores = os.availableParallelism()
  return `load ${load.toFixed(1)} on ${cores} cores: ${load <= cores ? "quiet" : "busy, so times are too long and scatter"}`
}
