import fc from 'fast-check'

/** What servers and models have been seen to send, or could, to take over the place where it is printed. */
export const HOSTILE: readonly string[] = [
  '\u001b[2J\u001b[31mred\u001b]0;title\u0007',
  '\u009b31m',
  'first\nsecond\r\nthird\rfourth',
  '::error title=x::taken over',
  '\n::set-output name=a::b\n',
  '<script>alert(1)</script>',
  '<img src=x onerror=alert(1)>',
  '[click](javascript:alert(1)) ![x](https://evil.example/x.png)',
  '`code` ``more`` ```fence\n```',
  '| a | b |\n|---|---|',
  '@everyone https://evil.example www.evil.example #1',
  '&lt;b&gt; &#x3c;b&#x3e; &amp;',
  ']]> <!-- --> <![CDATA[',
  '"quoted" \'single\'',
  '\u202egnp.exe\u202c \u200b\ufeff',
  '\ud83d \ude00 \uffff \ufffe \u0000 \u0008',
  '100%25, a:b',
  '漢字かなカナ한글😀👨‍👩‍👧 e\u0301',
  '__proto__',
  '`',
  '',
  ' ',
]

export const hostileText: fc.Arbitrary<string> = fc
  .array(fc.constantFrom(...HOSTILE), { minLength: 1, maxLength: 3 })
  .map((parts) => parts.join(''))
