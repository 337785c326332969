/** Light and dark: as the system has it, unless the reader says otherwise; paper is always light. */
import type { DrawnChart } from './chart.ts'

const THEMES = ['auto', 'light', 'dark'] as const

export function prepareTheme(redraw: () => void): void {
  const button = document.getElementById('theme')!
  let chosen = 0
  button.addEventListener('click', () => {
    chosen = (chosen + 1) % THEMES.length
    const theme = THEMES[chosen]!
    button.textContent = `theme: ${theme}`
    setTheme(theme)
    redraw()
  })
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw)
}

function setTheme(theme: string): void {
  if (theme === 'auto') delete document.documentElement.dataset.theme
  else document.documentElement.dataset.theme = theme
}

/** Width of what a sheet of paper holds, CSS pixels. */
const PAPER_WIDTH = 680

export function preparePrint(charts: readonly DrawnChart[]): void {
  let before = 'auto'
  addEventListener('beforeprint', () => {
    before = document.documentElement.dataset.theme ?? 'auto'
    setTheme('light')
    for (const chart of charts) chart.resize(PAPER_WIDTH)
  })
  addEventListener('afterprint', () => {
    setTheme(before)
    for (const chart of charts) chart.resize()
  })
}

/** A colour of the style sheet, as the theme has it now. */
export function colorOf(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim()
}
