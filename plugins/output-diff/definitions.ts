import type { MetricDefinition } from 'inferbench'

const share = { direction: 'lower', version: 1, kind: 'scalar', unit: '%' } as const
const spread = { direction: 'neutral', version: 1, kind: 'distribution' } as const
const source = 'our own'

export const definitions: readonly MetricDefinition[] = [
  {
    ...share,
    id: 'output_diff_self',
    title: 'differs from itself',
    formula: '100 * prompts whose two answers of the idle server differ / prompts',
    source: 'our own; greedy decoding, one request at a time',
  },
  {
    ...share,
    id: 'output_diff_against_self',
    title: 'the other differs from itself',
    formula: '100 * prompts whose two answers of the other server differ / prompts',
    source: 'our own; only with the option against',
  },
  {
    ...share,
    id: 'output_diff_other',
    title: 'differs from the other side',
    formula:
      '100 * prompts whose answer of the other side (the other server, or this one under load) differs / prompts',
    source: 'our own; against the second of the two answers of the idle server',
  },
  {
    ...share,
    id: 'output_diff_more',
    title: 'differs more than from itself',
    formula: 'output_diff_other - output_diff_self',
    source,
  },
  {
    ...share,
    id: 'output_diff_more_low',
    title: 'differs more, 95 % from',
    formula: 'lower end of the 95 % interval of output_diff_more over the same prompts',
    source: 'Agresti and Min (2005), paired proportions',
  },
  {
    ...share,
    id: 'output_diff_more_high',
    title: 'differs more, 95 % to',
    formula: 'upper end of the 95 % interval of output_diff_more over the same prompts',
    source: 'Agresti and Min (2005), paired proportions',
  },
  {
    ...share,
    id: 'output_diff_more_p',
    unit: '1',
    direction: 'neutral',
    title: 'differs more, p',
    formula:
      'how likely so large an output_diff_more is, either way, when the other side differs as the server does from itself',
    source: 'McNemar (1947), exact form',
  },
  {
    ...share,
    id: 'output_diff_verdict',
    unit: '1',
    title: 'differs more than from itself: 1 yes, 0 no',
    formula:
      '1 when output_diff_more > 0 and p < 0.05; 0 when output_diff_more_high is within the option margin; else absent',
    source,
  },
  {
    ...spread,
    id: 'output_diff_first_token',
    title: 'first token that differs',
    unit: 'tokens',
    formula: 'index from 0 of the first token that differs, of prompts whose answers differ between the sides',
    source: 'token ids or log-probabilities of the server; absent where it tells neither',
  },
  {
    ...spread,
    id: 'output_diff_first_character',
    title: 'first character that differs',
    unit: 'characters',
    formula: 'index from 0 of the first character that differs, of prompts whose answers differ between the sides',
    source,
  },
  {
    ...spread,
    id: 'output_diff_first_word',
    title: 'first word that differs',
    unit: 'words',
    formula:
      'index from 0 of the word, between white space, in which the first character differs: an estimate of where a token did',
    source,
  },
  {
    ...spread,
    id: 'output_diff_similarity',
    title: 'similarity',
    unit: '%',
    direction: 'higher',
    formula:
      '100 * (1 - edits / length of the longer answer), of tokens where the servers name them, else of characters; of all prompts',
    source: 'Levenshtein (1966)',
  },
  {
    ...spread,
    id: 'output_diff_length',
    title: 'length of the other answer',
    unit: 'tokens',
    formula: 'output tokens of the other side - output tokens of the idle server, of all prompts',
    source,
  },
  {
    ...share,
    id: 'output_diff_load',
    unit: 'requests',
    direction: 'neutral',
    title: 'load beside',
    formula: 'sum of times that requests of the load were in flight while the server was asked under load / that time',
    source: 'our own; only without the option against',
  },
]
