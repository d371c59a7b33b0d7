/** `sluis account`: who logs in. Commands that are no rows yet stand beside those that are. */
import type { Command } from 'commander';
import { accounts } from '../commands/account.ts';
import { addImportCommand } from './import.ts';
import { addPasswordCodeCommands } from './password-codes.ts';
import { addPasswordCommands } from './password.ts';
import { addRows } from './subject.ts';
import type { Terminal } from './terminal.ts';

export function addAccountCommands(terminal: Terminal, program: Command): void {
  const group = program.command('account').description(accounts.about);
  addRows(terminal, group, accounts);
  addPasswordCodeCommands(terminal, group);
  addImportCommand(terminal, group);
  addPasswordCommands(terminal, group);
}
