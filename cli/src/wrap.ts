const MARGIN = 2
/** Between words, but not between a number and its unit or its thousands. */
const BREAK = /(?<!\d)\s+|(?<=\d)\s+(?!(?:ms|s|%)(?:[\s.,;:]|$)|\d{3}\b)/

/** Lines that the text has stay lines of their own; those that fit stay as they are, columns and all. */
export function wrap(text: string, width: number): readonly string[] {
  return text.split('\n').flatMap(line => line.trim() === '' ? [] : line.length <= width - MARGIN ? [line] : wrapLine(line.trim(), width))
}

function wrapLine(text: string, width: number): readonly string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(BREAK)) {
    if (line !== '' && line.length + 1 + word.length > width - MARGIN) { lines.push(line); line = word }
    else line = line === '' ? word : `${line} ${word}`
  }
  return line === '' ? lines : [...lines, line]
}
