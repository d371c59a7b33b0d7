/** Completion for zsh. It shows beside each word what it does. */
import { type Offer, type Point, quoted } from './completion-points.ts';

/** `word:about`, in which each colon of the two parts has a backslash before it. */
const described = ({ word, about }: Offer): string => {
  const [first, second] = [word, about].map((part) => quoted(part).slice(1, -1).replaceAll(':', '\\:'));
  return `'${first ?? ''}:${second ?? ''}'`;
};
const list = (words: readonly string[]): string => words.map(quoted).join(' ');

function lineOf({ at, commands, options, files, texts, choices, values, takesFile }: Point): string {
  const parts = [
    ...(commands.length > 0 ? [`commands=(${commands.map(described).join(' ')})`] : []),
    `options=(${options.map(described).join(' ')})`,
    ...(files.length > 0 ? [`files=(${list(files)})`] : []),
    ...(texts.length > 0 ? [`texts=(${list(texts)})`] : []),
    ...(values.length > 0 ? [`choices=(${list(values)})`] : []),
    ...(takesFile ? ['file=yes'] : []),
    ...(choices.length > 0
      ? [`case $prev in ${choices.map(({ option, words }) => `(${option}) chosen=(${list(words)}) ;;`).join(' ')} esac`]
      : []),
  ];
  return `    (${quoted(at)}) ${parts.join('; ')} ;;`;
}

export const zshScript = (points: readonly Point[]): string => `#compdef sluis
# Completion of sluis for zsh, written by "sluis completion zsh".
_sluis_at() {
  commands=() options=() files=() texts=() choices=() chosen=() file=''
  case $1 in
${points.map(lineOf).join('\n')}
  esac
}

_sluis() {
  local cur=\${words[CURRENT]} prev=\${words[CURRENT-1]} at='' file='' word
  local -a commands options files texts choices chosen
  _sluis_at ''
  for word in \${words[2,CURRENT-1]}; do
    (( \${commands[(I)\${word}:*]} )) || continue
    at+=\${at:+ }$word
    _sluis_at $at
  done
  if (( \${files[(Ie)$prev]} )); then _files; return; fi
  if (( \${texts[(Ie)$prev]} )); then _message 'a value'; return; fi
  if (( \${#chosen} )); then compadd -a chosen; return; fi
  if [[ $cur == -* ]]; then _describe -o option options; return; fi
  (( \${#choices} )) && compadd -a choices
  (( \${#commands} )) && _describe -t commands command commands
  [[ $file == yes ]] && _files
  (( \${#commands} || \${#choices} )) || _describe -o option options
}

# As a file of fpath it is the function itself; read by "source" it registers that.
if [[ \${funcstack[1]} == _sluis ]]; then _sluis "$@"; else compdef _sluis sluis; fi
`;
