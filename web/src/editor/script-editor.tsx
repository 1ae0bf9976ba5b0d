import { autocompletion, completionKeymap } from '@codemirror/autocomplete'
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands'
import { javascript } from '@codemirror/lang-javascript'
import { bracketMatching, indentOnInput, indentUnit } from '@codemirror/language'
import { EditorState } from '@codemirror/state'
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from '@codemirror/view'
import { useEffect, useRef } from 'react'
import { COLOURS, LOOK } from './look.ts'
import { completeScript } from './script-completion.ts'

/** A script with completion of what scripts can do. In a shadow tree, as the other editor. */
export function ScriptEditor({ text, onText }: { readonly text: string; readonly onText: (text: string) => void }) {
  const place = useRef<HTMLDivElement>(null)
  const latest = useRef(onText)
  latest.current = onText
  // biome-ignore lint/correctness/useExhaustiveDependencies: the text is the editor's own once it is there
  useEffect(() => {
    const host = place.current
    if (!host) return
    const root = host.shadowRoot ?? host.attachShadow({ mode: 'open' })
    const view = new EditorView({ root, parent: root, state: EditorState.create({ doc: text, extensions: [
      lineNumbers(), history(), drawSelection(), indentOnInput(), bracketMatching(), highlightActiveLine(), indentUnit.of('  '), javascript({ typescript: true }), COLOURS, LOOK, EditorView.lineWrapping,
      EditorView.contentAttributes.of({ 'aria-label': 'Script', tabindex: '0' }),
      autocompletion({ icons: false, override: [({ state, pos }) => {
        const line = state.doc.lineAt(pos)
        const found = completeScript(line.text.slice(0, pos - line.from))
        return found ? { from: line.from + found.from, options: [...found.suggestions], validFor: /^\w*$/ } : null
      }] }),
      keymap.of([...completionKeymap, ...defaultKeymap, ...historyKeymap]),
      EditorView.updateListener.of(({ docChanged, state }) => { if (docChanged) latest.current(state.doc.toString()) }),
    ] }) })
    return () => view.destroy()
  }, [])
  return <div ref={place} className="code" />
}
