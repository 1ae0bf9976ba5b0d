/** The part of server-sent events that a link needs (https://html.spec.whatwg.org/multipage/server-sent-events.html): unnamed events with data. */

/** A message beyond this is no table of ours. */
const MESSAGE_CHARS_MAX = 256 * 1024 * 1024

/** Takes the stream in pieces as they come. Events with a name, comments and ids are passed over. Throws if a message has no end. */
export function eventReader(onData: (data: string) => void): (chunk: Uint8Array) => void {
  const decoder = new TextDecoder()
  let pieces: string[] = []
  let length = 0
  let data: string[] = []
  let named = false
  const line = (text: string) => {
    if (text === '') {
      if (data.length > 0 && !named) onData(data.join('\n'))
      data = []
      named = false
    } else if (text.startsWith('data:')) data.push(text.slice(text[5] === ' ' ? 6 : 5))
    else if (text.startsWith('event:')) named = text.slice(6).trim() !== 'message'
  }
  return chunk => {
    const text = decoder.decode(chunk, { stream: true })
    const end = text.lastIndexOf('\n')
    length += text.length
    if (length > MESSAGE_CHARS_MAX) throw new RangeError('a message without an end')
    if (end < 0) { pieces.push(text); return }
    const whole = [...pieces, text.slice(0, end)].join('')
    pieces = [text.slice(end + 1)]
    length = text.length - end - 1
    for (const each of whole.split('\n')) line(each.endsWith('\r') ? each.slice(0, -1) : each)
  }
}
