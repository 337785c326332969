export { nearestName, suggestName } from '../nearest.ts'
