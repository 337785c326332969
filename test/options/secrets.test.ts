import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createScrubber } from '../../src/core/options/mod.ts'
import { encodeBase64, hideStrings, stringsIn } from '../../src/core/options/secrets.ts'

const secret = 'sk-canary/+"\\7f3a'

describe('createScrubber', () => {
  it.each([
    ['as it is', secret],
    ['within a line', `Authorization: Bearer ${secret} was refused`],
    ['in JSON', JSON.stringify({ error: `bad key ${secret}` })],
    ['in JSON within JSON', JSON.stringify({ body: JSON.stringify({ key: secret }) })],
    ['in a URL', `http://host/?key=${encodeURIComponent(secret)}`],
    ['in base64', `Basic ${encodeBase64(secret)}`],
  ])('removes a secret %s', (_, text) => {
    const scrubbed = createScrubber([secret])(text)
    expect(scrubbed).toContain('[hidden]')
    expect(scrubbed).not.toContain('canary')
    expect(scrubbed).not.toContain(encodeBase64(secret))
  })

  it('leaves JSON readable', () => {
    const text = JSON.stringify({ error: `bad key ${secret}`, count: 1 })
    expect(JSON.parse(createScrubber([secret])(text))).toEqual({ error: 'bad key [hidden]', count: 1 })
  })

  it('removes the longer of two secrets of which one is part of the other', () => {
    expect(createScrubber(['secret', 'secret-and-more'])('secret-and-more')).toBe('[hidden]')
  })

  it('does not eat numbers and words that are some option by chance', () => {
    expect(createScrubber(['1', 'true', ''])('{"n":1,"ok":true}')).toBe('{"n":1,"ok":true}')
  })

  it('leaves no secret in any text', () => {
    const long = fc.string({ minLength: 6 }).filter((text) => !'[hidden]'.includes(text))
    fc.assert(
      fc.property(fc.array(long, { minLength: 1, maxLength: 4 }), fc.string(), (secrets, text) => {
        const scrub = createScrubber(secrets)
        expect(scrub('x')).toBe('x')
        expect(scrub(text + secrets.join(text))).toContain('[hidden]')
        expect(scrub(secrets[0]!)).not.toBe(secrets[0])
      }),
    )
  })
})

describe('values that may hold secrets', () => {
  it('finds every string, and hides every string', () => {
    const value = { a: 'x', b: [1, 'y', { c: 'z', d: true }], e: null }
    expect(stringsIn(value)).toEqual(['x', 'y', 'z'])
    expect(hideStrings(value)).toEqual({ a: '[hidden]', b: [1, '[hidden]', { c: '[hidden]', d: true }], e: null })
  })
})
