/**
 * What property tests try is the same each time, so that a change is judged by what it changed. `FUZZ=1 npm test` tries what nobody has
 * tried yet; a failure prints its seed.
 */
import process from 'node:process'
import fc from 'fast-check'

if (process.env.FUZZ === undefined) fc.configureGlobal({ seed: 20_261_124 })
