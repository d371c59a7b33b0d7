/** `sluis backup`: takes, lists and reads again. The copy is taken by the gateway where one runs. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { BackupView, CheckedBackup, TakenView } from '../backup/views.ts';
import { withAdmin } from './connect.ts';
import { CommandError } from './exit.ts';
import { type ChangeOptions, type CommonOptions, changing, reading } from './options.ts';
import { facts, print, readableSize, readableTime, table } from './output.ts';
import { showProgress } from './progress.ts';
import type { Terminal } from './terminal.ts';

export function addBackupCommands(terminal: Terminal, program: Command): void {
  const group = program.command('backup').description('whole copies of the database, taken while mail goes on');

  changing(group.command('take', { isDefault: true }))
    .description('take one now; keys are never in it')
    .argument('[folder]', 'where it goes; default: the folder of the configuration')
    .action((folder: string | undefined, options: ChangeOptions) => take(terminal, folder, options));

  reading(group.command('list'))
    .description('the backups in a folder, oldest first')
    .argument('[folder]', 'default: the folder of the configuration')
    .action(async (folder: string | undefined, options: CommonOptions) => {
      const all = await withAdmin(options, (client) => client.call('backup.list', { folder: absolute(folder) }));
      print(terminal, options, all, () => (all.length === 0 ? 'There is no backup.' : listText(all)));
    });

  reading(group.command('check'))
    .description('read every octet of a backup again and compare it with its manifest')
    .argument('[backup]', 'its folder; default: the newest of the configuration')
    .action((backup: string | undefined, options: CommonOptions) => check(terminal, backup, options));
}

/** A gateway stands in another folder than the person. */
const absolute = (path: string | undefined): string | undefined => (path === undefined ? undefined : resolve(path));

async function take(terminal: Terminal, folder: string | undefined, options: ChangeOptions): Promise<void> {
  const progress = showProgress('Copying', 'MiB');
  try {
    const [taken, reminder] = await withAdmin(options, async (client) => [
      await client.call('backup.take', { folder: absolute(folder) }, { progress: progress.show }),
      (await client.call('key.state', {})).reminder,
    ]);
    progress.end();
    print(terminal, options, taken, () => takenText(taken));
    // A backup that nobody will be able to open is none.
    if (reminder !== undefined) terminal.err(`Warning: ${reminder}\n`);
  } finally {
    progress.end();
  }
}

const takenText = (taken: TakenView): string =>
  [
    facts([
      ['Backup', taken.path],
      ['From', readableTime(taken.begun)],
      ['Size', readableSize(taken.octets)],
      ['Messages', taken.messages],
      ['Took', `${taken.seconds.toFixed(1)} s`],
      ['Removed', taken.removed.join(', ')],
    ]),
    'The master key and the key folder are not in it, and nothing in it can be read without them: see to it that they have a copy of their own.',
  ].join('\n');

const listText = (all: readonly BackupView[]): string =>
  table(
    ['BACKUP', 'SIZE', 'MESSAGES', 'ELSEWHERE', 'FOLDER'],
    all.map((b) => [
      b.backup,
      readableSize(b.octets),
      b.messages,
      b.offsite === undefined ? undefined : (readableTime(b.offsite.at) ?? 'not read back'),
      b.path,
    ]),
  );

async function check(terminal: Terminal, backup: string | undefined, options: CommonOptions): Promise<void> {
  const progress = showProgress('Reading', 'MiB');
  let checked: CheckedBackup;
  try {
    checked = await withAdmin(options, (client) =>
      client.call('backup.check', { backup: absolute(backup) }, { progress: progress.show }),
    );
  } finally {
    progress.end();
  }
  print(terminal, options, checked, () => checkedText(checked));
  if (checked.whole) return;
  const changed = checked.signature !== 'missing' || checked.files.some((file) => !file.whole);
  throw changed
    ? new CommandError(
        'configuration',
        `The backup "${checked.path}" is not as it was written: take another one, and look at its disk`,
      )
    : new CommandError(
        'unproven',
        `Every file of the backup "${checked.path}" is what its manifest says, and nothing proves that the gateway wrote the manifest: manifest.json.sig is missing; bring it from a copy of this backup, or take another one`,
      );
}

const checkedText = ({ path, signature, files }: CheckedBackup): string =>
  [
    `Backup: ${path}`,
    signature === 'good'
      ? "The manifest is signed by the audit trail's key."
      : signature === 'missing'
        ? 'The manifest has no signature.'
        : "The signature of the manifest is not one of the audit trail's key.",
    ...files.map(({ name, why }) => `${name}: ${why ?? 'as it was written'}`),
    'Whether it opens with the keys that are kept was not tried: "sluis drill restore" does it.',
  ].join('\n');
