/** How a command ends, for scripts. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  not_found: 3,
  refused: 4,
  unreachable: 5,
} as const

export const EXIT_HELP = `Exit codes:
  0  done
  1  failed
  2  the command was written wrongly
  3  there is no such thing
  4  the input was refused; nothing was changed
  5  the server does not answer`
