/** `vamp completion bash`: a few lines that ask `vamp complete` for what may stand next. */
import { EXIT } from '../exit-code.ts'
import { CommandFailure } from '../failure.ts'
import type { Io } from '../io.ts'

/** Each line that `vamp complete` prints is a word, a tab and what it means; `:files` stands for the shell's own completion. */
const SCRIPTS: Readonly<Record<string, string>> = {
  bash: `# vamp: source <(vamp completion bash)
_vamp() {
  local line words=()
  # A colon is part of a name here, such as web:1.0.
  local current="\${COMP_LINE:0:COMP_POINT}"; current="\${current##*[[:space:]]}"
  local before="\${COMP_LINE:0:COMP_POINT}"; before="\${before%"$current"}"
  read -ra words <<< "$before"
  COMPREPLY=()
  while IFS=$'\\t' read -r line _; do
    if [ "$line" = ":files" ]; then compopt -o default; return; fi
    case "$line" in "$current"*) COMPREPLY+=("$line") ;; esac
  done < <(vamp complete -- "\${words[@]:1}" "$current" 2>/dev/null)
  if [[ "$current" == *:* && "$COMP_WORDBREAKS" == *:* ]]; then
    local head="\${current%"\${current##*:}"}" index
    for index in "\${!COMPREPLY[@]}"; do COMPREPLY[index]="\${COMPREPLY[index]#"$head"}"; done
  fi
}
complete -F _vamp vamp
`,
  zsh: `#compdef vamp
# vamp: source <(vamp completion zsh)
_vamp() {
  local -a found; local line word
  while IFS= read -r line; do
    word="\${line%%$'\\t'*}"
    if [[ "$word" == ":files" ]]; then _files; return; fi
    found+=("\${word//:/\\\\:}:\${line#*$'\\t'}")
  done < <(vamp complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)
  _describe vamp found
}
compdef _vamp vamp
`,
  fish: `# vamp: vamp completion fish | source
function __vamp_complete
  set -l words (commandline -opc) (commandline -ct)
  set -l found (vamp complete -- $words[2..-1] 2>/dev/null)
  if test "$found[1]" = ":files"
    __fish_complete_path (commandline -ct)
  else
    string join \\n -- $found
  end
end
complete -c vamp -f -a '(__vamp_complete)'
`,
}

export async function completion(io: Io, shell: string): Promise<number> {
  const script = SCRIPTS[shell]
  if (script === undefined) throw new CommandFailure(EXIT.usage, `there is no completion for '${shell}'; there is for ${Object.keys(SCRIPTS).join(', ')}`)
  io.out(script)
  return EXIT.ok
}
