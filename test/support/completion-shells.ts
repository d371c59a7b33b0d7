/** What real shells offer for Tab after they have read the script of `sluis completion`. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CommandFacts, factsOf } from '../../src/cli/command-tree.ts';
import { type Shell, completionScript } from '../../src/commands/completion.ts';
import { buildProgram } from '../../src/cli/program.ts';

export const tree: CommandFacts = factsOf(await buildProgram({ out: () => undefined, err: () => undefined, code: 0 }));

/** The words of a line up to the cursor. Tab is pressed on the last one. */
export type Line = readonly string[];

const within = (line: Line): string => line.map((word) => `'${word}'`).join(' ');

/** Programs that ask the shell about each line and end each answer with a line that is a dot. */
const PROGRAMS: Readonly<Record<Shell, (script: string, lines: readonly Line[]) => string>> = {
  bash: (script, lines) =>
    [
      `source ${script}`,
      // The function that bash itself would call; `complete -p` names it.
      '[[ $(complete -p sluis) =~ " -F "([^ ]+) ]]; function=${BASH_REMATCH[1]}',
      'ask() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); $function; printf "%s\\n" "${COMPREPLY[@]}" .; }',
      ...lines.map((line) => `ask ${within(line)}`),
    ].join('\n'),
  fish: (script, lines) =>
    [
      `source ${script}`,
      ...lines.map((line) => `complete -C '${line.join(' ')}' | string split -f 1 \\t; echo .`),
    ].join('\n'),
  // Completion in zsh works only in the line editor. So another zsh gets a terminal, and completes
  // all lines as soon as its editor is there. It notes what would be offered, because what is shown
  // depends on the size of the terminal.
  zsh: (script, lines) =>
    [
      "cat > ../.zshrc <<'end'",
      'PS1=; autoload -Uz compinit; compinit -u -D',
      `source ${script}`,
      'compadd() { local -a all; [[ " $* " == *" -"[OAD]* ]] || { builtin compadd -O all "$@"; found+=($all); }; builtin compadd "$@"; }',
      'note() { found=(); _main_complete; print -rl -- $found . >> ../noted; }',
      'zle -C note complete-word note',
      `lines=(${lines.map((line) => `'${line.join(' ')}'`).join(' ')})`,
      'zle-line-init() { for BUFFER in $lines; do CURSOR=$#BUFFER; zle note; done; exit; }',
      'zle -N zle-line-init',
      'end',
      'zmodload zsh/zpty; zpty z env TERM=dumb ZDOTDIR=$PWD/.. zsh -d -i',
      'while zpty -r z; do :; done > /dev/null; cat ../noted',
    ].join('\n'),
};
const RUN: Readonly<Record<Shell, readonly string[]>> = {
  bash: ['--norc', '--noprofile'],
  fish: ['--no-config'],
  zsh: ['-f'],
};

/**
 * What the shell offers for each line, in its order. Empty if it offers nothing of ours. The
 * shell's folder has one file, `letter.txt`.
 */
export function offered(shell: Shell, lines: readonly Line[]): readonly (readonly string[])[] {
  const folder = mkdtempSync(join(tmpdir(), 'sluis-completion-'));
  try {
    const [script, program] = [join(folder, 'script'), join(folder, 'program')];
    writeFileSync(script, completionScript(shell, tree));
    writeFileSync(program, PROGRAMS[shell](script, lines));
    mkdirSync(join(folder, 'here'));
    writeFileSync(join(folder, 'here', 'letter.txt'), '');
    const said = execFileSync(shell, [...RUN[shell], program], {
      cwd: join(folder, 'here'),
      env: { PATH: process.env.PATH, HOME: folder },
      encoding: 'utf8',
      timeout: 60_000,
    });
    const answers = said.split(/^\.$/m).slice(0, -1);
    return answers.map((answer) => answer.split(/\s+/).filter((word) => word !== ''));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Every place on the command line, with the words that must be offered there. */
export const places = (
  command: CommandFacts = tree,
): readonly { readonly line: Line; readonly words: readonly string[] }[] => [
  command.commands.length === 0
    ? { line: ['sluis', ...command.words, '-'], words: command.options.map(({ name }) => name) }
    : { line: ['sluis', ...command.words, ''], words: command.commands.map(({ words }) => words.at(-1) ?? '') },
  ...command.commands.flatMap((one) => places(one)),
];
