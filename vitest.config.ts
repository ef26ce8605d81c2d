import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    include: ["packages/*/test/**/*.test.ts", "apps/*/test/**/*.test.ts", "tests/unit/**/*.test.ts"],
    exclude: ["**/node_modules/**", "**/*.fuzz.test.ts"],
    // stories with real clocks, sockets and kills: one more try on a busy machine, which the report shows
    retry: 1,
    testTimeout: 60_000,
    pool: "forks",
    maxWorkers: 2,
  },
})
