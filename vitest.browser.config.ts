import { defineConfig } from "vitest/config"

// Whole programs and real browsers: one at a time, because they measure and share the machine.
export default defineConfig({
  test: {
    include: ["tests/browser/**/*.test.ts"],
    globalSetup: ["tests/browser/global-setup.ts"],
    // real browsers on a busy machine: one more try, which the report shows
    retry: 1,
    testTimeout: 240_000,
    hookTimeout: 240_000,
    pool: "forks",
    maxWorkers: 1,
    fileParallelism: false,
  },
})
