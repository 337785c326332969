/** `inferbench/testing`: what an adapter, a transport, a schedule, a platform or a plugin must do, as tests to call. */
export { type AdapterFixture, type AdapterTestOptions, testAdapter } from './adapter.ts'
export { type ExpectedArrival, testArrival } from './arrival.ts'
export { type AnswerDialect, type AnswerScript, openaiDialect } from './openai-dialect.ts'
export { type PlatformTestOptions, testPlatform } from './platform.ts'
export { type PluginTestOptions, testPlugin } from './plugin.ts'
export type { PluginSampling } from './plugin-sampling.ts'
export type { PluginSeries } from './plugin-series.ts'
export {
  createTestContext,
  type PluginSource,
  type PluginSources,
  type SourceKind,
  TEST_SECRET,
  type WatchedContext,
} from './plugin-source.ts'
export { type TestCertificates, type TransportTestOptions, testTransport } from './transport.ts'
