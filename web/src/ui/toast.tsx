import { createContext, type ReactNode, useCallback, useContext, useMemo, useRef, useState } from 'react'
import type { Tone } from '../words.ts'
import { Badge } from './badge.tsx'

interface Note { readonly id: number; readonly tone: Tone; readonly text: string }
type Tell = (tone: Tone, text: string) => void

const SHOWN_MS = 6000
const NOTES_MAX = 4
const Telling = createContext<Tell>(() => {})

/** What became of something that a person did; mistakes in a form are told in the form. */
export const useToast = (): Tell => useContext(Telling)

export function Toasts({ children }: { readonly children: ReactNode }) {
  const [notes, setNotes] = useState<readonly Note[]>([])
  const next = useRef(0)
  const tell = useCallback<Tell>((tone, text) => {
    const id = next.current++
    setNotes(before => [...before, { id, tone, text }].slice(-NOTES_MAX))
    setTimeout(() => setNotes(before => before.filter(note => note.id !== id)), SHOWN_MS)
  }, [])
  const value = useMemo(() => tell, [tell])
  return (
    <Telling.Provider value={value}>
      {children}
      <div className="toasts" aria-live="polite">{notes.map(({ id, tone, text }) => <p key={id} className="toast"><Badge tone={tone}>{text}</Badge></p>)}</div>
    </Telling.Provider>
  )
}
