/** Completion for bash 4 and later. */
import { type Offer, type Point, quoted } from './completion-points.ts';

const list = (words: readonly string[]): string => quoted(words.join(' '));
const names = (offers: readonly Offer[]): string => list(offers.map(({ word }) => word));

/**
 * The line of the script for one place. Empty lists are left out, because the function begins with
 * all lists empty.
 */
function lineOf({ at, commands, options, files, texts, choices, values, takesFile }: Point): string {
  const parts = [
    ...(commands.length > 0 ? [`commands=${names(commands)}`] : []),
    `options=${names(options)}`,
    ...(files.length > 0 ? [`files=${list(files)}`] : []),
    ...(texts.length > 0 ? [`texts=${list(texts)}`] : []),
    ...(values.length > 0 ? [`values=${list(values)}`] : []),
    ...(takesFile ? ['file=yes'] : []),
    ...(choices.length > 0
      ? [`case $prev in ${choices.map(({ option, words }) => `${option}) chosen=${list(words)} ;;`).join(' ')} esac`]
      : []),
  ];
  return `    ${quoted(at)}) ${parts.join('; ')} ;;`;
}

export const bashScript = (
  points: readonly Point[],
): string => `# Completion of sluis for bash, written by "sluis completion bash".
_sluis_at() {
  commands='' options='' files='' texts='' values='' file='' chosen=''
  case $1 in
${points.map(lineOf).join('\n')}
  esac
}

_sluis() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]}
  local commands options files texts values file chosen at='' word i
  # bash makes three words of --name=value.
  if [[ $cur == = ]]; then cur=''
  elif [[ $prev == = ]]; then prev=\${COMP_WORDS[COMP_CWORD - 2]}; fi
  _sluis_at ''
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    [[ " $commands " == *" $word "* ]] || continue
    at+=\${at:+ }$word
    _sluis_at "$at"
  done
  COMPREPLY=()
  # Without an answer of ours bash offers files, as it was told below.
  if [[ " $files " == *" $prev "* ]]; then return; fi
  if [[ $file == yes && $cur != -* && -z $chosen && " $texts " != *" $prev "* ]]; then return; fi
  compopt +o default +o bashdefault 2> /dev/null
  if [[ " $texts " == *" $prev "* ]]; then return; fi
  chosen=\${chosen:-$commands$values}
  [[ $cur == -* || -z $chosen ]] && chosen=$options
  mapfile -t COMPREPLY < <(compgen -W "$chosen" -- "$cur")
}

complete -o default -o bashdefault -F _sluis sluis
`;
