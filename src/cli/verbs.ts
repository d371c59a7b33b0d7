/**
 * The commands, and what is said to somebody who mistypes one. What is offered instead is run by the next key press: so only what reads is ever
 * offered, and `mailbox delete` is not answered with `reset`.
 */
import { Command } from 'commander';
import { nearest } from '../domain/nearest.ts';

export class Verbs extends Command {
  constructor(name?: string) {
    super(name);
    // Offers any command that is spelled alike.
    this.showSuggestionAfterError(false);
  }

  override createCommand(name?: string): Command {
    return new Verbs(name);
  }

  /** Called by commander where no command has the name. */
  unknownCommand(): void {
    const [word = ''] = this.args;
    const offered = this.commands.filter(reads).map((command) => command.name());
    const near = nearest(word, offered);
    const hint = near === undefined ? '' : `\n(Did you mean ${near}?)`;
    this.error(`error: unknown command '${word}'${hint}`, { code: 'commander.unknownCommand' });
  }
}

/**
 * Whether running it changes nothing: it takes `--json` and no `--reason`, which whatever changes takes (options.ts); or it is a group of which
 * no command is run by its name alone.
 */
function reads(command: Command): boolean {
  if (command.commands.length > 0) return typeof Reflect.get(command, '_defaultCommandName') !== 'string';
  const options = new Set(command.options.map(({ long }) => long));
  return options.has('--json') && !options.has('--reason');
}
