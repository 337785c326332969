/** Why lm-eval failed, from what it wrote, in one line that says what to do. */
import { BenchError } from '../errors.ts'

interface Known {
  readonly sign: RegExp
  readonly error: (match: RegExpExecArray) => BenchError
}

const known: readonly Known[] = [
  {
    sign: /Tasks (?:were )?not found: ?(.+)/,
    error: ([, names = '']) =>
      new BenchError(
        'usage',
        `lm-eval knows no task ${names.replaceAll(/[[\]{}'"]/g, '').trim()}; look at --tasks, and name the folder of task files of your own with --include-path (lm_eval ls tasks lists all)`,
      ),
  },
  {
    sign: /Loglikelihood is not supported for chat completions/i,
    error: () =>
      new BenchError(
        'unsupported',
        'a task is judged by log-likelihoods, which a chat endpoint does not give; use --endpoint completions, or tasks that generate text',
      ),
  },
  {
    sign: /No module named '(transformers|tiktoken)'/,
    error: ([, name]) =>
      new BenchError(
        'unsupported',
        `lm-eval finds no tokenizer at the server and wants one of its own: let the server offer its own (vLLM: --enable-tokenizer-info-endpoint), or pip install ${name} where lm_eval is, or use --tokenizer none for tasks that generate text`,
      ),
  },
  {
    sign: /No module named '(lm_eval[\w.]*|aiohttp|requests|tenacity)'/,
    error: ([, name]) =>
      new BenchError(
        'unsupported',
        `lm-eval is not whole (${name} is missing); install it with: pip install 'lm-eval[api]'`,
      ),
  },
  {
    sign: /(?:Couldn't reach|Couldn't find (?:a |any )?(?:data|cache)|OfflineModeIsEnabled|LocalEntryNotFoundError|Cannot reach)[^\n]*/,
    error: ([line]) =>
      new BenchError(
        'run-failed',
        `lm-eval cannot get the data of a task (${line}); it downloads it from Hugging Face the first time, so allow that once, or use task files of your own`,
      ),
  },
  {
    sign: /Unable to find '([^']+)'|No such file or directory: '([^']+\.(?:jsonl?|csv|parquet|txt))'/,
    error: ([, a, b]) =>
      new BenchError(
        'usage',
        `a task's data file ${a ?? b} is not there; paths in a task file start in the folder where bench was called, not where the task file lies`,
      ),
  },
]

/** Lines that name the last exception: `ValueError: ...` without indent. */
const EXCEPTION = /^(?:[\w.]+\.)?\w*(?:Error|Exception|Exit|Interrupt|Warning)\b(?::.*)?$/

/** `lines` are its last ones; `log` is where all of them are. */
export function explainFailure(lines: readonly string[], code: number | null, log: string): BenchError {
  // What is indented is source code in a traceback, where the words of messages stand too.
  const text = lines.filter((line) => !/^\s/.test(line)).join('\n')
  for (const { sign, error } of known) {
    const match = sign.exec(text)
    if (match) return error(match)
  }
  const last = lines.findLast((line) => EXCEPTION.test(line)) ?? lines.findLast((line) => line.trim() !== '')
  const ended = code === null ? 'was ended' : `ended with ${code}`
  return new BenchError('run-failed', `lm-eval ${ended}${last === undefined ? '' : `: ${last.trim()}`}; see ${log}`)
}
