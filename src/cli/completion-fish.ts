/** Completion for fish 3 and later. It shows beside each word what it does. */
import { type Offer, type Point, quoted } from './completion-points.ts';

/** Lines of `word TAB about`, the form in which fish reads offers. */
const offers = (all: readonly Offer[]): string =>
  `printf '%s\\t%s\\n' ${all.map(({ word, about }) => `${quoted(word)} ${quoted(about)}`).join(' ')}`;
const list = (words: readonly string[]): string => words.map(quoted).join(' ');

function commandLines({ at, commands }: Point): readonly string[] {
  return commands.length === 0 ? [] : [`    case ${quoted(at)}`, `      ${offers(commands)}`];
}

function optionLines({ at, options }: Point): readonly string[] {
  return [`    case ${quoted(at)}`, `      ${offers(options)}`];
}

/**
 * What is offered for the word after an option: files, the words of a list, or nothing for free
 * text.
 */
function valueLines({ at, files, texts, choices, values, takesFile }: Point): readonly string[] {
  const cases = (names: readonly string[], answer: string): string[] =>
    names.map((name) => `    case ${quoted(`${at} ${name}`)}; ${answer}`);
  return [
    ...cases(files, 'echo files'),
    ...cases(texts, 'echo text'),
    ...choices.flatMap(({ option, words }) => cases([option], `printf '%s\\n' ${list(words)}`)),
    ...(values.length > 0 ? [`    case ${quoted(`${at} *`)}; printf '%s\\n' ${list(values)}`] : []),
    ...(takesFile ? [`    case ${quoted(`${at} *`)}; echo argument`] : []),
  ];
}

export const fishScript = (
  points: readonly Point[],
): string => `# Completion of sluis for fish, written by "sluis completion fish".
function __sluis_commands
  switch "$argv"
${points.flatMap(commandLines).join('\n')}
  end
end

function __sluis_options
  switch "$argv"
${points.flatMap(optionLines).join('\n')}
  end
end

function __sluis_value
  switch "$argv"
${points.flatMap(valueLines).join('\n')}
  end
end

function __sluis_at
  set -l at
  for word in (commandline -opc)[2..]
    __sluis_commands $at | string match -q -- $word\\t'*'; and set -a at $word
  end
  string join -- \\n $at
end

function __sluis_behind
  set -l before (commandline -opc)
  __sluis_value (__sluis_at) $before[-1]
end

function __sluis_takes_file
  contains -- (__sluis_behind) files argument; and not string match -q -- '-*' (commandline -ct)
end

function __sluis_offers
  set -l at (__sluis_at)
  set -l words (__sluis_behind)
  switch "$words"
    case files text
      return
    case argument
      string match -q -- '-*' (commandline -ct); or return
    case ''
      set words (__sluis_commands $at)
  end
  string match -q -- '-*' (commandline -ct); and set words
  if test (count $words) -gt 0
    printf '%s\\n' $words
  else
    __sluis_options $at
  end
end

complete -c sluis -f -a '(__sluis_offers)'
complete -c sluis -n __sluis_takes_file -F
`;
