/** The options as JSON Schema, for editors that complete and check config files. */
import { toJsonSchema } from '@valibot/to-json-schema'
import { optionDescriptions, optionEntries } from './schema.ts'

/** Draft 7, which YAML language servers know best. */
export function describeOptions(): Readonly<Record<string, unknown>> {
  const properties = optionDescriptions.map(({ key, description, fallback }) => {
    const { $schema: _, ...schema } = toJsonSchema(optionEntries[key], {
      typeMode: 'input',
      ignoreActions: ['trim'],
      // Adapters and plugins as objects exist in programs only.
      overrideSchema: ({ valibotSchema }) => (valibotSchema.type === 'custom' ? { not: {} } : undefined),
    })
    const text = fallback === undefined ? description : `${description}. Default: ${fallback}`
    return [key, { description: text, ...schema }]
  })
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Options of an inferbench run',
    type: 'object',
    properties: {
      ...Object.fromEntries(properties),
      $schema: { description: 'Where this schema is, for editors; not an option', type: 'string' },
    },
    additionalProperties: false,
  }
}
