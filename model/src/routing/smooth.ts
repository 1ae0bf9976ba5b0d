/**
 * Turns instead of lots: the places of consecutive requests on the scale of shares lie as evenly as they can, so every hundred
 * requests are divided as the weights say, within one or two. Steps of the golden ratio (Weyl's sequence), in ten-thousandths;
 * the step shares no factor with the scale, so after 10 000 requests every place has had its turn exactly once.
 */
import { FULL_SHARE } from './table.ts'

export const SMOOTH_STEP = 6181

/** In [0, 1): the place of the `turn`th request, counted from 1. */
export const smoothDraw = (turn: number): number => ((turn * SMOOTH_STEP) % FULL_SHARE) / FULL_SHARE
