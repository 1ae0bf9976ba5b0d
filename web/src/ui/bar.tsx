/** A share of a whole as a bar with its numbers beside it; the numbers say everything the bar does. */
export function Bar({ label, part, whole, text, tone = 'canary' }: { readonly label: string; readonly part: number; readonly whole: number; readonly text: string; readonly tone?: 'canary' | 'warn' | 'baseline' }) {
  const share = whole > 0 ? Math.min(1, Math.max(0, part / whole)) : 0
  return (
    <div className="bar">
      <span className="what">{label}</span>
      <svg viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true"><rect className="ground" width="100" height="1" /><rect className={tone} width={share * 100} height="1" /></svg>
      <span className="number">{text}</span>
    </div>
  )
}
