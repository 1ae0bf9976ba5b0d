/** Scripts with `import` or `export` at the beginning of a line are modules; everything else may be CommonJS. */
export function isModule(text: string): boolean {
  return /^[ \t]*(import\b(?!\s*[(.])|export\b)/m.test(text)
}
