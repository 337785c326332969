#!/usr/bin/env node
/**
 * Stands in for lm-eval: its flags, requests, output, files and exit codes, as far as generated text goes, in a tenth of a second.
 * A task is a file `<task>.jsonl` in the include path. LM_EVAL_STAND_IN makes it misbehave as the real one was seen to.
 */
import { createHash } from 'node:crypto'
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

const { LM_EVAL_STAND_IN: mode, LM_EVAL_ARGUMENTS: argumentsFile, OPENAI_API_KEY: key = '' } = process.env
if (argumentsFile !== undefined) appendFileSync(argumentsFile, `${JSON.stringify(process.argv.slice(2))}\n`)

const text = { type: 'string' }
const { values } = parseArgs({
  options: {
    ...{ model: text, tasks: text, model_args: text, output_path: text, include_path: text, limit: text },
    ...{ num_fewshot: text, seed: text },
    ...{ log_samples: { type: 'boolean' }, apply_chat_template: { type: 'boolean' } },
  },
})
const modelArguments = Object.fromEntries(values.model_args.split(',').map((pair) => pair.split(/=(.*)/s)))
const chat = values.model === 'local-chat-completions'
const say = (line) => process.stderr.write(`2026-11-23:12:24:38 INFO     [evaluator:1] ${line}\n`)
const fail = (line) => {
  process.stderr.write(`Traceback (most recent call last):\n  File "evaluator.py", line 1\n    raise it\n${line}\n`)
  process.exit(1)
}

say(`Initializing ${values.model} model, with arguments: ${JSON.stringify(modelArguments)}`)
const tasks = values.tasks.split(',')
const missing = tasks.filter((task) => !existsSync(join(values.include_path ?? '', `${task}.jsonl`)))
if (missing.length > 0) fail(`ValueError: Tasks not found: ${missing.join(', ')}`)
if (mode === 'no-tokenizer') fail("ModuleNotFoundError: No module named 'transformers'")
if (mode === 'hang') {
  process.stdout.write(`pid ${process.pid}\n`)
  say('Running generate_until requests')
  setInterval(() => {}, 1000)
  await new Promise(() => {})
}

const results = {}
const samples = {}
const sizes = {}
say('Running generate_until requests')
for (const task of tasks) {
  const lines = readFileSync(join(values.include_path, `${task}.jsonl`), 'utf8')
    .trim()
    .split('\n')
  const all = lines.map((line) => JSON.parse(line))
  const documents = all.slice(0, values.limit === undefined ? all.length : Number(values.limit))
  samples[task] = []
  for (const [id, document] of documents.entries()) {
    const given = await ask(document.question)
    const share = `${Math.round((100 * (id + 1)) / documents.length)}%`
    process.stderr.write(
      `\rRequesting API: ${share.padStart(4)}|███  | ${id + 1}/${documents.length} [00:00<00:00, 9.00it/s]`,
    )
    samples[task].push(describeSample(id, document, given))
  }
  process.stderr.write('\n')
  const mean = samples[task].reduce((sum, { exact_match }) => sum + exact_match, 0) / documents.length
  results[task] = {
    ...{ name: task, alias: task, sample_len: documents.length },
    ...{ 'exact_match,strict-match': mean, 'exact_match_stderr,strict-match': documents.length > 1 ? 0.1 : 'N/A' },
  }
  sizes[task] = { original: all.length, effective: documents.length }
}
say('Saving results aggregated')
process.stdout.write('|Tasks|Version|\n|-----|------:|\n')
if (mode !== 'no-result') write()

async function ask(question) {
  const message = chat ? { messages: [{ role: 'user', content: question }] } : { prompt: question }
  const response = await fetch(modelArguments.base_url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
    body: JSON.stringify({ model: modelArguments.model, ...message, max_tokens: 8, temperature: 0, seed: 1234 }),
  })
  if (!response.ok)
    fail(`requests.exceptions.HTTPError: ${response.status} for ${modelArguments.base_url}, ${await response.text()}`)
  const [choice] = (await response.json()).choices
  return chat ? choice.message.content : choice.text
}

function describeSample(id, document, given) {
  const digest = (value) => createHash('sha256').update(value).digest('hex')
  return {
    ...{ doc_id: id, doc: document, target: document.answer, resps: [[given]], filtered_resps: [given.trim()] },
    ...{ filter: 'strict-match', metrics: ['exact_match'], exact_match: given.trim() === document.answer ? 1 : 0 },
    ...{ doc_hash: digest(JSON.stringify(document)), prompt_hash: digest(document.question) },
    target_hash: digest(document.answer),
  }
}

function write() {
  const folder = join(values.output_path, modelArguments.model.replaceAll(/["<>:/|\\?*[\]]+/g, '__'))
  mkdirSync(folder, { recursive: true })
  const file = {
    results,
    ...{
      group_subtasks: {},
      configs: Object.fromEntries(tasks.map((task) => [task, { output_type: 'generate_until' }])),
    },
    higher_is_better: Object.fromEntries(tasks.map((task) => [task, { exact_match: true }])),
    'n-samples': sizes,
    config: { model: values.model, limit: values.limit === undefined ? null : Number(values.limit) },
    ...{ date: Number.NaN, pretty_env_info: 'PyTorch version: none\nOS: some', lm_eval_version: '0.4.13' },
    total_evaluation_time_seconds: '0.1',
  }
  const instant = '2026-11-23T12-24-40.553226'
  const json = JSON.stringify(file, null, 2).replace('"date": null', '"date": NaN')
  writeFileSync(join(folder, `results_${instant}.json`), mode === 'broken-result' ? json.slice(0, 40) : json)
  for (const task of tasks) {
    const lines = samples[task].map((sample) => JSON.stringify(sample)).join('\n')
    writeFileSync(join(folder, `samples_${task}_${instant}.jsonl`), `${lines}\n`)
  }
}
