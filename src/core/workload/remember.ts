/** The scenarios of a run ask the same server through the same function: once is enough. */
const remembered = new WeakMap<object, Promise<unknown>>()

/** `asked` is always asked by the same `measure`, so that what comes back is of its type. */
export function remember<Answer>(asked: object, measure: () => Promise<Answer>): Promise<Answer> {
  const known = (remembered.get(asked) as Promise<Answer> | undefined) ?? measure()
  remembered.set(asked, known)
  return known
}
