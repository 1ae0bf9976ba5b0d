/** So many degrees of freedom of "no extra noise" are assumed beforehand. */
const PRIOR = 20

/**
 * A dispersion from a sum of squares and its degrees of freedom. The largest of several estimates is too large by chance alone, and
 * weakens every bet. One standard error, as it would be without any noise, is taken off each: little where there is noise, about
 * the whole bias where there is none.
 */
export function beyondChance(squares: number, freedom: number): number {
  return (PRIOR + squares - Math.sqrt(2 * freedom)) / (PRIOR + freedom)
}
