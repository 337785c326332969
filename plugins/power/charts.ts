import { asArray, asObject, asText, type SeriesChart } from 'inferbench'

/** What tells power; a counter of energy alone draws no line, since one sample does not know the one before. */
export const charts: readonly SeriesChart[] = [
  {
    id: 'power',
    title: 'power',
    unit: 'W',
    spark: true,
    values: ({ devices }) =>
      Object.fromEntries(
        asArray(devices).flatMap((value) => {
          const one = asObject(value)
          const device = asText(one?.device)
          return device === undefined || typeof one?.powerW !== 'number' ? [] : [[device, one.powerW] as const]
        }),
      ),
  },
]
