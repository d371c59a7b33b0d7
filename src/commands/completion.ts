/**
 * `sluis completion`: what a shell offers when Tab is pressed. The script itself holds commands,
 * options and fixed values, so that Tab starts no process of ours. It does not offer names of
 * accounts and the like: each Tab would look into the registry and write a row of the trail.
 */
import { bashScript } from '../cli/completion-bash.ts';
import { fishScript } from '../cli/completion-fish.ts';
import { pointsOf } from '../cli/completion-points.ts';
import { zshScript } from '../cli/completion-zsh.ts';
import type { CommandFacts } from '../cli/command-tree.ts';
import { z } from '../config/zod.ts';
import { choice } from './core/kind.ts';
import { arg } from './core/params.ts';
import { readsHere } from './core/row.ts';

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript };
export type Shell = keyof typeof SCRIPTS;

export const completion = readsHere({
  about: 'print a completion script for a shell: commands and options at Tab',
  in: { shell: arg(choice('shell', ['bash', 'zsh', 'fish']), 'which shell') },
  out: z.string(),
  right: 'read',
  shares: [],
  examples: [
    'bash > /etc/bash_completion.d/sluis',
    'zsh > /usr/local/share/zsh/site-functions/_sluis',
    'fish > /etc/fish/completions/sluis.fish',
  ],
  run: (here, { shell }) => Promise.resolve(completionScript(shell, here.words())),
  say: (script) => script.trimEnd(),
});

export const completionScript = (shell: Shell, program: CommandFacts): string => SCRIPTS[shell](pointsOf(program));
