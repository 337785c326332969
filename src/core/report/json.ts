/**
 * JSON for files that people open: indented, with arrays of numbers (histograms) on one line. A line end never stands in a
 * JSON string, so only arrays are touched.
 */
export function renderJson(value: unknown): string {
  const indented = JSON.stringify(value, null, 2)
  const compact = indented.replace(
    /\[\n([-+.,\deE\s]*?)\n\s*\]/g,
    (_, inner: string) => `[${inner.replace(/\s+/g, '')}]`,
  )
  return `${compact}\n`
}
