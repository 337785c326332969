/** `inferbench/testing`: what an adapter, a transport, a schedule, a platform or a plugin must do, as tests to call. */
export { type AdapterFixture, type AdapterTestOptions, testAdapter } from './adapter.ts'
export { type ExpectedArrival, testArrival } from './arrival.ts'
export { type AnswerDialect, type AnswerScript, openaiDialect } from './openai-dialect.ts'
export { type PlatformTestOptions, testPlatform } from './platform.ts'
export { type PluginTestOptions, testPlugin } from './plugin.ts'
export { type TestCertificates, type TransportTestOptions, testTransport } from './transport.ts'
