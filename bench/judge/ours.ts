/** This project's judge, driven as the release reconciler drives it. */
import { advance, decide, newJudge, observeBaseline, provesHarm } from '@vamp/stats/sequential/judge'
import { DEFAULT_SETTINGS, type JudgeSettings } from '@vamp/stats/sequential/settings'
import type { Course, Method } from './method.ts'

export function ours(name: string, settings: JudgeSettings = DEFAULT_SETTINGS): Method {
  return {
    name,
    begin: (history, startsAt) => {
      let state = newJudge(settings)
      for (const [at, arm] of history.entries()) state = observeBaseline(state, { second: startsAt - history.length + at, ...arm })
      let atLoadCheck = 0
      let heldBack = 0
      let share = 0
      return {
        first: { share: decide(state, { elapsed: 0, atLoadCheck: 0 }).share },
        see: (seen): Course => {
          state = advance(state, { ...seen, share: seen.changed ? null : seen.share })
          if (seen.share >= 0.5) atLoadCheck += 1
          if (heldBack > 0) {
            heldBack += 1
            if (provesHarm(state)) return { share: 0, verdict: 'rolled_back' }
            return heldBack > settings.clock.holdBack ? { share: 1, verdict: 'promoted' } : { share, heldBack: true }
          }
          const decision = decide(state, { elapsed: seen.age + 1, atLoadCheck })
          if (decision.action === 'roll_back') return { share: 0, verdict: 'rolled_back' }
          if (decision.action === 'promote') {
            heldBack = 1
            share = decision.share
            return { share, heldBack: true }
          }
          return { share: decision.share }
        },
      }
    },
  }
}
