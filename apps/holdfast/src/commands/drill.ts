import type { Command } from "commander"

export function addDrill(program: Command): void {
  program.command("drill")
}
