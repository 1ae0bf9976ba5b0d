/** Between words, but not between a number and its unit or its thousands. */
const BREAK = /(?<!\d)\s+|(?<=\d)\s+(?!(?:ms|s|%)(?:[\s.,;:]|$)|\d{3}\b)/

/** Lines that the text has stay lines of their own. */
export function wrap(text: string, width: number): readonly string[] {
  return text.split('\n').flatMap(line => wrapLine(line.trim(), width))
}

function wrapLine(text: string, width: number): readonly string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(BREAK)) {
    if (line !== '' && line.length + 1 + word.length > width - 2) { lines.push(line); line = word }
    else line = line === '' ? word : `${line} ${word}`
  }
  return line === '' ? lines : [...lines, line]
}
