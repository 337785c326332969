import { toJsonSchema } from '@valibot/to-json-schema'
import type { GenericSchema } from 'valibot'
import { clientSampleSchema, FORMAT_VERSION, manifestSchema, recordSchema, summarySchema } from './schema.ts'

export type RunFileKind = 'manifest' | 'record' | 'summary' | 'client'

const FILES: Readonly<Record<RunFileKind, { readonly schema: GenericSchema; readonly title: string }>> = {
  manifest: { schema: manifestSchema, title: 'manifest.json of an inferbench run' },
  record: { schema: recordSchema, title: 'one line of records.jsonl of an inferbench run' },
  summary: { schema: summarySchema, title: 'summary.json of an inferbench run' },
  client: { schema: clientSampleSchema, title: 'one line of series/client.jsonl of an inferbench run' },
}

export const RUN_FILE_KINDS: readonly RunFileKind[] = ['manifest', 'record', 'summary', 'client']

/** The published JSON Schema (draft 7) of one file of a run, as stands in `schema/`. */
export function describeRunFile(kind: RunFileKind): object {
  const { schema, title } = FILES[kind]
  return { ...toJsonSchema(schema), title, description: `Format version ${FORMAT_VERSION}.` }
}
