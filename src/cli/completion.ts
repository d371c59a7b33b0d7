/**
 * `sluis completion`: what a shell offers at Tab. Commands, options and fixed values stand in the script itself, so that Tab starts no process of ours.
 * Names of accounts and the like are not offered: each Tab would be a look at the registry, and a row of the trail.
 */
import { Argument, type Command } from 'commander';
import { bashScript } from './completion-bash.ts';
import { pointsOf } from './completion-points.ts';
import { fishScript } from './completion-fish.ts';
import { zshScript } from './completion-zsh.ts';
import { type CommandFacts, factsOf } from './command-tree.ts';
import type { Terminal } from './terminal.ts';

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript };
export type Shell = keyof typeof SCRIPTS;

export function addCompletionCommand(terminal: Terminal, program: Command): void {
  program
    .command('completion')
    .description('print what makes a shell complete commands and options at Tab')
    .addArgument(new Argument('<shell>', 'which shell').choices(Object.keys(SCRIPTS)))
    .addHelpText(
      'after',
      `
Examples:
  sluis completion bash > /etc/bash_completion.d/sluis
  sluis completion zsh > /usr/local/share/zsh/site-functions/_sluis
  sluis completion fish > /etc/fish/completions/sluis.fish`,
    )
    // All groups are there: groups.ts.
    .action((shell: Shell) => terminal.out(completionScript(shell, factsOf(program))));
}

export const completionScript = (shell: Shell, program: CommandFacts): string => SCRIPTS[shell](pointsOf(program));
