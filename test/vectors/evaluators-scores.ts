/** Cases of scoring.json, put to the scorecards under probador's rules. */
import { layerCost } from '../../src/core/compat/probador/load.ts'
import { asProbadorReads, type LoadResult, readFields } from '../../src/core/compat/probador/result.ts'
import { scoreComposite } from '../../src/core/score/composite.ts'
import { probadorContract as contract, probadorRules as rules } from '../../src/core/score/contract.ts'
import { scoreColdStart, scoreCorrectness, scoreLayers, scoreMemory, scorePower } from '../../src/core/score/flat.ts'
import { outputCategory, promptCategory, stripConcurrency } from '../../src/core/score/names.ts'
import { scoreOutputLengths } from '../../src/core/score/output-length.ts'
import { compose, gradeOf, jitterPenalty, scoreMetric } from '../../src/core/score/points.ts'
import { scoreProfiles } from '../../src/core/score/profile.ts'
import { scoreScaling } from '../../src/core/score/scaling.ts'
import { renderCompositeMarkdown, renderCompositeTable } from '../../src/core/score/text/composite.ts'
import * as layouts from '../../src/core/score/text/flat.ts'
import { asWritten, type Layout, renderMarkdown, renderTable } from '../../src/core/score/text/layout.ts'
import { renderProfileMarkdown, renderProfileTable } from '../../src/core/score/text/profile.ts'
import { renderTrainingTable } from '../../src/core/score/text/training.ts'
import { classifyBottleneck, scoreTrainingSteps } from '../../src/core/score/training.ts'
import type { Evaluator } from './cases.ts'

// biome-ignore lint/suspicious/noExplicitAny: a case is data of the form that its function has
type Data = any

function readResults(list: Data): LoadResult[] {
  return (list ?? []).map((one: Data) => asProbadorReads(readFields(one)))
}

function compositeOf(input: Data): ReturnType<typeof scoreComposite> {
  return scoreComposite(readResults(input.results), readResults(input.c1_results), contract, rules)
}

function entriesOf<Entry>(
  score: (
    results: readonly LoadResult[],
    c: typeof contract,
    r: typeof rules,
  ) => { readonly entries: readonly Entry[] },
): (input: Data) => readonly Entry[] {
  return (input) => score(readResults(input.results), contract, rules).entries
}

function profilesOf(input: Data): ReturnType<typeof scoreProfiles> {
  return scoreProfiles(readResults(input.results), contract, rules)
}

function trainingOf(input: Data): ReturnType<typeof scoreTrainingSteps> {
  return scoreTrainingSteps(input.results, input.model_name, contract, rules)
}

/** A table of the card that another case makes. */
function textOf(render: (input: Data) => string): Evaluator {
  return (input: Data, _, inputOf) => render(inputOf(input.from_vector))
}

function flatTexts<Entry extends { readonly name: string }>(
  name: string,
  layout: Layout<Entry>,
  entries: (input: Data) => readonly Entry[],
): Record<string, Evaluator> {
  return {
    [`format_${name}_table`]: textOf((input) => renderTable(layout, entries(input), asWritten, contract)),
    [`format_${name}_markdown`]: textOf((input) => renderMarkdown(layout, entries(input), asWritten)),
  }
}

const layers = entriesOf(scoreLayers)
const correctness = entriesOf(scoreCorrectness)
const memory = entriesOf(scoreMemory)
const power = entriesOf(scorePower)
const coldStart = entriesOf(scoreColdStart)
const scaling = entriesOf(scoreScaling)
const outputLengths = entriesOf(scoreOutputLengths)

export const scoreEvaluators: Readonly<Record<string, Evaluator>> = {
  compute_metric_score: (input: Data) => scoreMetric(input.value, input.threshold),
  compute_jitter_penalty: (input: Data) => jitterPenalty(input),
  assign_grade: (input: Data) => gradeOf(input.composite, contract),
  composite_exact: (input: Data) => compose(input.weights, input.scores, 'lose').points,
  prompt_category: (input: Data) => promptCategory(input.avg_prompt_tokens),
  output_length_category: (input: Data) => outputCategory(input.tokens),
  strip_concurrency_suffix: (input: Data) => stripConcurrency(input.name),
  decode_us_per_layer: (input: Data) => layerCost(input.itl_p50_ms, input.num_layers ?? undefined).decode_us_per_layer,
  classify_bottleneck: (input: Data) =>
    classifyBottleneck({
      forwardPct: input.forward_pct,
      transferPct: input.transfer_pct,
      computeUtil: input.compute_util,
    }),
  compute_scorecard: compositeOf,
  compute_profile_scorecard: profilesOf,
  compute_layer_scorecard: layers,
  compute_correctness_scorecard: correctness,
  compute_memory_scorecard: memory,
  compute_power_efficiency_scorecard: power,
  compute_cold_start_scorecard: coldStart,
  compute_concurrency_scaling_scorecard: scaling,
  compute_output_length_scorecard: outputLengths,
  compute_training_step_scorecard: (input: Data) => trainingOf(input).entries,
  format_table: textOf((input) => renderCompositeTable(compositeOf(input), asWritten)),
  format_markdown: textOf((input) => renderCompositeMarkdown(compositeOf(input), asWritten)),
  format_profile_table: textOf((input) => renderProfileTable(profilesOf(input), asWritten)),
  format_profile_markdown: textOf((input) => renderProfileMarkdown(profilesOf(input), asWritten)),
  format_training_step_table: textOf((input) => renderTrainingTable(trainingOf(input), asWritten)),
  ...flatTexts('layer', layouts.layerLayout, layers),
  ...flatTexts('correctness', layouts.correctnessLayout, correctness),
  ...flatTexts('memory', layouts.memoryLayout, memory),
  ...flatTexts('cold_start', layouts.coldStartLayout, coldStart),
  ...flatTexts('power', layouts.powerLayout, power),
  ...flatTexts('scaling', layouts.scalingLayout, scaling),
  ...flatTexts('output_length', layouts.outputLengthLayout, outputLengths),
}
