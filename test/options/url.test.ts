import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hideUserPart, readBaseUrl } from '../../src/core/options/mod.ts'

describe('readBaseUrl', () => {
  it.each([
    ['http://localhost:8000', 'http://localhost:8000'],
    ['http://localhost:8000/', 'http://localhost:8000'],
    ['http://localhost:8000/v1', 'http://localhost:8000'],
    ['http://localhost:8000/v1/', 'http://localhost:8000'],
    ['http://localhost:8000/v1/chat/completions', 'http://localhost:8000'],
    ['http://localhost:8000/v1/completions/', 'http://localhost:8000'],
    ['https://host/prefix', 'https://host/prefix'],
    ['https://host/prefix/v1', 'https://host/prefix'],
    ['https://host/a/b//', 'https://host/a/b'],
    ['https://host/v1beta', 'https://host/v1beta'],
    ['https://host/v1/models/x', 'https://host/v1/models/x'],
    ['localhost:8000', 'http://localhost:8000'],
    ['127.0.0.1:8000/v1', 'http://127.0.0.1:8000'],
    ['[::1]:8000', 'http://[::1]:8000'],
    ['example.com', 'http://example.com'],
    ['  http://host  ', 'http://host'],
    ['HTTP://Host:80/', 'http://host'],
    ['https://host:443', 'https://host'],
  ])('%s is %s', (text, baseUrl) => {
    expect(readBaseUrl(text, '--url')).toEqual({ baseUrl })
  })

  it.each([
    ['http://me:secret@host:8000/v1', 'http://host:8000', { name: 'me', password: 'secret' }],
    ['me:secret@host:8000', 'http://host:8000', { name: 'me', password: 'secret' }],
    ['https://key@host', 'https://host', { name: 'key', password: '' }],
    ['https://a%40b:c%2Fd%25@host', 'https://host', { name: 'a@b', password: 'c/d%' }],
  ])('takes the user part off %s', (text, baseUrl, user) => {
    expect(readBaseUrl(text, '--url')).toEqual({ baseUrl, user })
  })

  it.each([
    ['ftp://host', /scheme "ftp"/],
    ['unix:///run/x', /scheme "unix"/],
    ['http://', /not a URL/],
    ['', /not a URL/],
    ['http://host:99999', /not a URL/],
    ['http://a b', /not a URL/],
    ['http://host/?api-version=1', /query/],
    ['http://host/#x', /fragment/],
  ])('refuses "%s"', (text, message) => {
    expect(() => readBaseUrl(text, '--url')).toThrow(message)
    expect(() => readBaseUrl(text, '--url')).toThrow(/^--url: /)
  })

  it('never says the user part, in a base or in an error', () => {
    const secret = fc.stringMatching(/^[a-z0-9]{12,20}$/).map((text) => `zz${text}`)
    const tail = fc.constantFrom('host', 'host:8000/v1', 'host:99999', 'a b', '', 'host?q=1', 'host/p@q')
    const scheme = fc.constantFrom('http://', 'https://', 'ftp://', '')
    fc.assert(
      fc.property(scheme, secret, secret, tail, (start, name, password, end) => {
        const text = `${start}${name}:${password}@${end}`
        let said: string
        try {
          said = readBaseUrl(text, '--url').baseUrl
        } catch (thrown) {
          said = (thrown as Error).message
        }
        expect(said).not.toContain(name)
        expect(said).not.toContain(password)
        expect(hideUserPart(text)).not.toContain(password)
      }),
    )
  })
})
