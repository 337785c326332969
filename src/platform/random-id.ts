/** Crockford's base 32: safe in URLs, headers and file names, also where those ignore case. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'
const LENGTH = 12

/** Sixty random bits as twelve characters, from the Web Crypto API that every runtime has. */
export function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(LENGTH))
  return Array.from(bytes, (byte) => ALPHABET[byte & 31]).join('')
}
