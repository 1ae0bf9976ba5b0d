import { autocompletion, type CompletionContext, completionKeymap } from '@codemirror/autocomplete'
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands'
import { yaml } from '@codemirror/lang-yaml'
import { bracketMatching, indentOnInput, indentUnit } from '@codemirror/language'
import { type Diagnostic, lintGutter, lintKeymap, setDiagnostics } from '@codemirror/lint'
import { Compartment, EditorState } from '@codemirror/state'
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from '@codemirror/view'
import type { Problem } from '@vamp/model/problem'
import { useEffect, useRef } from 'react'
import { offsetOf } from '../document-text.ts'
import { COLOURS, LOOK } from './look.ts'
import { complete, type Known } from './yaml-completion.ts'

export interface YamlEditorProps {
  readonly text: string
  readonly problems: readonly Problem[]
  readonly known: Known
  /** A place to go to; another object is another wish. */
  readonly jump: { readonly to: number } | undefined
  readonly onText: (text: string) => void
}

/** YAML with completion and its problems where they are. In a shadow tree: there styles come as sheets, which a strict content security policy allows. */
export function YamlEditor({ text, problems, known, jump, onText }: YamlEditorProps) {
  const place = useRef<HTMLDivElement>(null)
  const editor = useRef<EditorView | null>(null)
  const latest = useRef({ text, known, onText })
  latest.current = { text, known, onText }
  useEffect(() => {
    const host = place.current
    if (!host) return
    const root = host.shadowRoot ?? host.attachShadow({ mode: 'open' })
    const view = new EditorView({ root, parent: root, state: EditorState.create({ doc: latest.current.text, extensions: extensions(latest) }) })
    editor.current = view
    return () => { view.destroy(); editor.current = null }
  }, [])
  useEffect(() => {
    const view = editor.current
    if (view && view.state.doc.toString() !== text) view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } })
  }, [text])
  useEffect(() => {
    const view = editor.current
    if (!view) return
    view.dispatch(setDiagnostics(view.state, problems.flatMap(problem => diagnosticOf(view.state, problem))))
    view.dispatch({ effects: INVALID.reconfigure(invalid(problems.length > 0)) })
  }, [problems])
  useEffect(() => {
    const view = editor.current
    if (!view || !jump) return
    view.dispatch({ selection: { anchor: Math.min(jump.to, view.state.doc.length) }, scrollIntoView: true })
    view.focus()
  }, [jump])
  return <div ref={place} className="code" />
}

const INVALID = new Compartment()
const invalid = (is: boolean) => EditorView.contentAttributes.of({ 'aria-label': 'YAML', tabindex: '0', 'aria-invalid': String(is) })

function extensions(latest: { readonly current: Pick<YamlEditorProps, 'known' | 'onText'> }) {
  return [
    lineNumbers(), lintGutter(), history(), drawSelection(), indentOnInput(), bracketMatching(), highlightActiveLine(), indentUnit.of('  '), yaml(), COLOURS, LOOK, INVALID.of(invalid(false)), EditorView.lineWrapping,
    autocompletion({ override: [context => suggestions(context, latest.current.known)], icons: false, maxRenderedOptions: 60 }),
    keymap.of([...completionKeymap, ...defaultKeymap, ...historyKeymap, ...lintKeymap]),
    EditorView.updateListener.of(({ docChanged, state }) => { if (docChanged) latest.current.onText(state.doc.toString()) }),
  ]
}

function suggestions({ state, pos, explicit }: CompletionContext, known: Known) {
  const text = state.doc.toString()
  const found = complete(text, pos, known)
  // Unasked only where something is being written: an empty line is left alone.
  if (!found || (!explicit && found.from === pos && /(^|\n)\s*$/.test(text.slice(0, pos)))) return null
  return { from: found.from, options: found.suggestions.map(({ label, apply, detail, must }) => ({ label, apply, ...(detail === undefined ? {} : { detail }), boost: must ? 10 : 0 })), validFor: /^[\w:.-]*$/ }
}

function diagnosticOf(state: EditorState, { at, message, hint }: Problem): Diagnostic[] {
  if (!at) return []
  const from = offsetOf(state.doc.toString(), at)
  const line = state.doc.lineAt(Math.min(from, state.doc.length))
  const word = /^[^\s:,{}[\]]+/.exec(state.doc.sliceString(from, line.to))?.[0].length ?? 0
  return [{ from, to: Math.min(line.to, from + Math.max(1, word)), severity: 'error', message: hint === undefined ? message : `${message} (${hint})` }]
}
