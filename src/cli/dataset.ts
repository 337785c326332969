/** `bench dataset`: writes a JSONL data set of made-up prompts, for `bench run --dataset`. */
import type { CommandDef } from 'citty'
import { generateEntries } from '../core/compat/probador/dataset.ts'
import { BenchError } from '../core/errors.ts'
import { suggestName } from '../core/options/mod.ts'
import { generateRow, type LengthDistribution, rotateWords } from '../core/workload/generate.ts'
import { loadPlatform } from '../platform/load.ts'
import { type CommandContext, makeCommand } from './command.ts'
import { exit } from './exit.ts'
import { readNumber } from './flag-values.ts'
import type { Flag, GivenFlags } from './flags.ts'

const DISTRIBUTIONS: readonly LengthDistribution[] = ['lognormal', 'normal']

function length(description: string, fallback: number): Flag {
  return { type: 'string', valueHint: 'N', description, fallback: `${fallback}` }
}

const fallbacks = {
  'input-mean': 128,
  'input-stddev': 64,
  'output-mean': 128,
  'output-stddev': 96,
  count: 1000,
  seed: 42,
} as const

const command: CommandDef = makeCommand(
  {
    name: 'dataset',
    summary: 'Write a JSONL data set of made-up prompts.',
    about:
      'Each line has messages, max_tokens and input_tokens, as bench run --dataset reads them. The same seed writes the same file. Without --out it goes to standard output.',
    flags: {
      'input-mean': length('Mean length of prompts, tokens', fallbacks['input-mean']),
      'input-stddev': length('Their standard deviation', fallbacks['input-stddev']),
      'output-mean': length('Mean length of answers, tokens', fallbacks['output-mean']),
      'output-stddev': length('Their standard deviation', fallbacks['output-stddev']),
      distribution: {
        type: 'string',
        valueHint: 'NAME',
        description: 'Of the lengths: lognormal or normal',
        fallback: 'lognormal',
      },
      count: length('Rows', fallbacks.count),
      seed: length('Makes it repeatable', fallbacks.seed),
      compat: {
        type: 'string',
        valueHint: 'NAME',
        description: 'probador: the lengths of its gen-dataset, which are normal whatever it says, and its one seed',
      },
      out: { type: 'string', alias: 'o', valueHint: 'FILE', description: 'File to write; one that exists is replaced' },
    },
    examples: [
      'bench dataset -o dataset.jsonl',
      'bench dataset --input-mean 512 --input-stddev 128 --count 200 -o long.jsonl',
    ],
  },
  write,
)
export default command

async function write({ values, terminal }: CommandContext): Promise<number> {
  const lines = makeLines(values)
  const text = `${lines.join('\n')}\n`
  const path = values.out
  if (typeof path !== 'string') {
    await terminal.out(text)
    return exit.ok
  }
  const platform = await loadPlatform()
  if (platform.files === undefined) throw new BenchError('unsupported', `${platform.name} has no files to write to`)
  await platform.files.writeText(path, text)
  await terminal.out(`${path}: ${lines.length} rows\nTry it: bench run --dataset ${path}\n`)
  return exit.ok
}

function makeLines(values: GivenFlags['values']): readonly string[] {
  const read = (name: keyof typeof fallbacks, least: number): number =>
    readNumber(values, name, least) ?? fallbacks[name]
  const input = { mean: read('input-mean', 1), deviation: read('input-stddev', 0) }
  const output = { mean: read('output-mean', 1), deviation: read('output-stddev', 0) }
  const count = read('count', 1)
  if (pickCompat(values) === 'probador') {
    const lengths = {
      inputMean: input.mean,
      inputDeviation: input.deviation,
      outputMean: output.mean,
      outputDeviation: output.deviation,
    }
    return generateEntries(lengths, count).map(({ words, maxTokens }) =>
      JSON.stringify({ messages: [{ role: 'user', content: rotateWords(words) }], max_tokens: maxTokens }),
    )
  }
  const plan = { distribution: pickDistribution(values), input, output, seed: read('seed', 0) }
  return Array.from({ length: count }, (_, n) => JSON.stringify(generateRow(plan, n)))
}

function pickCompat({ compat, ...values }: GivenFlags['values']): 'probador' | undefined {
  if (compat === undefined) return undefined
  if (compat !== 'probador') throw new BenchError('usage', `--compat: there is no "${compat}"; there is probador`)
  const [other] = ['seed', 'distribution'].filter((name) => values[name] !== undefined)
  if (other === undefined) return compat
  throw new BenchError('usage', `--${other} contradicts --compat probador, which has one seed and one distribution`)
}

function pickDistribution({ distribution = 'lognormal' }: GivenFlags['values']): LengthDistribution {
  const known = DISTRIBUTIONS.find((name) => name === distribution)
  if (known !== undefined) return known
  const hint = suggestName(String(distribution), DISTRIBUTIONS)
  throw new BenchError(
    'usage',
    `--distribution: there is no "${distribution}"${hint || '; there are lognormal and normal'}`,
  )
}
