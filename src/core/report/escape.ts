/**
 * Text of a model, a server or a user, made harmless for where it is printed. Every renderer sends
 * each piece of text through one of these.
 */

// C0 and C1 controls, DEL, line and paragraph separators, and what reorders or hides text.
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g

const LONE_SURROGATE = /\p{Surrogate}/gu

/** For one line of a terminal: controls become visible as `\x1b`, `\n` or `\u202e`, so that nothing moves, colours or hides. */
export function escapeTerminal(text: string): string {
  return text.replace(LONE_SURROGATE, '\ufffd').replace(CONTROL, showControl)
}

function showControl(character: string): string {
  if (character === '\n') return '\\n'
  if (character === '\r') return '\\r'
  if (character === '\t') return '\\t'
  const code = character.charCodeAt(0)
  return code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`
}

/**
 * A Markdown code span: the one place where GitHub and others read no markup, no HTML, no link and no mention. Its fence is
 * longer than any run of backticks within. In a table, {@link escapeMarkdownCell} the cell as well.
 */
export function codeSpan(text: string): string {
  const visible = escapeTerminal(text)
  const runs = visible.match(/`+/g) ?? []
  const fence = '`'.repeat(1 + Math.max(0, ...runs.map((run) => run.length)))
  // A space keeps a backtick at an end off the fence; renderers take one off either side.
  return fence.length === 1 && visible.trim() !== '' ? `${fence}${visible}${fence}` : `${fence} ${visible} ${fence}`
}

/**
 * Text in a cell of a Markdown table of somebody else's, where a code span would not be like the rows that are there: ordinary
 * names stay as they are.
 */
export function escapeMarkdownText(text: string): string {
  return escapeTerminal(text)
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/[\\`*[\]~|]/g, '\\$&')
}

/** A finished cell of a Markdown table: a bar would end it, even in a code span. */
export function escapeMarkdownCell(markdown: string): string {
  return markdown.replace(/\|/g, '\\|')
}

// What XML 1.0 cannot hold, even as a reference.
const ILLEGAL_XML = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g

/** For XML text and attributes. Characters that XML 1.0 cannot hold are left out; lone surrogates become U+FFFD. */
export function escapeXml(text: string): string {
  return text
    .replace(LONE_SURROGATE, '\ufffd')
    .replace(ILLEGAL_XML, '')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;')
    .replace(/'/g, '&apos;')
    .replace(/[\t\n\r]/g, (character) => `&#${character.charCodeAt(0)};`)
}

/** For the message of a GitHub workflow command. */
export function escapeGithubData(text: string): string {
  return text
    .replace(LONE_SURROGATE, '\ufffd')
    .replace(/%/g, '%25')
    .replace(/\r/g, '%0D')
    .replace(/\n/g, '%0A')
    .replace(CONTROL, showControl)
}

/** For a property (`title=`) of a GitHub workflow command. */
export function escapeGithubProperty(text: string): string {
  return escapeGithubData(text).replace(/:/g, '%3A').replace(/,/g, '%2C')
}
