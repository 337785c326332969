import { fileURLToPath } from 'node:url'
import { defineConfig, type ViteUserConfig } from 'vitest/config'

const root = fileURLToPath(new URL('..', import.meta.url))

// Tests read the sources, never dist: the aliases send the package's own name to them on every runtime, since conditional
// exports resolve to Node's branch under vitest whatever the runtime is.
const config: ViteUserConfig = defineConfig({
  root,
  resolve: {
    alias: [
      { find: /^inferbench$/, replacement: `${root}src/mod.ts` },
      { find: /^inferbench\/mock$/, replacement: `${root}src/mock/mod.ts` },
      { find: /^inferbench\/testing$/, replacement: `${root}test/conformance/mod.ts` },
      { find: /^inferbench\/platform\/(.*)$/, replacement: `${root}src/platform/$1.ts` },
      { find: /^inferbench\/(adapters|plugins)\/(.*)$/, replacement: `${root}$1/$2.ts` },
    ],
  },
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/fixtures/**', 'node_modules/**'],
    globalSetup: ['test/tools/global-setup.js'],
    setupFiles: ['test/support/fuzz.ts'],
    // Most tests wait for sockets and processes, so more of them than cores run at a time.
    maxWorkers: 3,
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
})

export default config
