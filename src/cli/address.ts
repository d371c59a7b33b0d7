/** `sluis address`. */
import type { Command } from 'commander';
import { addresses } from '../commands/address.ts';
import { addAddressMoveCommand } from './address-move.ts';
import { addRows } from './subject.ts';
import type { Terminal } from './terminal.ts';

export function addAddressCommands(terminal: Terminal, program: Command): void {
  const group = program.command('address').description(addresses.about);
  addRows(terminal, group, addresses);
  addAddressMoveCommand(terminal, group);
}
