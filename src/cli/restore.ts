/** `sluis restore`: puts a backup back where no store is, and shows at each step that it is right. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import type { Restored } from '../backup/restore.ts';
import { loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { agree, many } from '../domain/counted.ts';
import { operatorsIn } from '../gateway/stopped-store.ts';
import { systemClock } from '../platform/clock.ts';
import { approvedByFile, askByFile } from './approval-file.ts';
import { stepText } from '../commands/backup.ts';
import { CommandError } from './exit.ts';
import { type ChangeOptions, callerOf, collect, guarded } from './options.ts';
import { print, readableTime } from './output.ts';
import type { Actor } from '../store/actor.ts';
import { showProgress } from './progress.ts';
import type { Terminal } from './terminal.ts';

interface RestoreOptions extends ChangeOptions {
  readonly anchors?: readonly string[];
  readonly key?: readonly string[];
  readonly push?: boolean;
  readonly all?: boolean;
  readonly unsigned?: boolean;
}

export function addRestoreCommand(terminal: Terminal, program: Command): void {
  guarded(program.command('restore'))
    .description('put a backup back where no database is, proved step by step')
    .argument('<backup>', 'its folder')
    .option(
      '--anchors <path>',
      'signed heads of the audit trail that the backup must agree with: a file, or a folder of them',
      collect,
    )
    .option('--key <pem>', "public key of the audit trail's key, beside the one in the key folder", collect)
    .option('--all', 'open every message, not a sample')
    .option('--push', 'push what waited for partners again at the next start; else it is held until it is released')
    .option('--unsigned', 'also a backup whose signature cannot be checked')
    .action((backup: string, options: RestoreOptions) => restore(terminal, backup, options));
}

async function restore(terminal: Terminal, backup: string, options: RestoreOptions): Promise<void> {
  if (options.reason === undefined)
    throw new CommandError(
      'usage',
      'Cannot restore without a reason: it stands in the audit trail of the restored gateway; add --reason TEXT',
    );
  const config = loadConfig(options.config, { files: false });
  const actor = await approvedActor(config, resolve(backup), options, options.reason);
  const [{ SAMPLE, restoreBackup }, { restoreParts }] = await Promise.all([
    import('../backup/restore.ts'),
    import('../gateway/backup.ts'),
  ]);
  const progress = showProgress('Copying', 'MiB');
  const MIB = 1024 * 1024;
  const shown = options.json !== true;
  const restored = await restoreBackup(
    await restoreParts(config, systemClock, options.key),
    resolve(backup),
    config.data.folder,
    {
      anchors: options.anchors ?? [],
      sample: options.all === true ? 0 : SAMPLE,
      queue: options.push === true ? 'push' : 'hold',
      unsigned: options.unsigned === true,
      actor,
    },
    {
      step: (step) => {
        progress.end();
        if (shown) terminal.out(`${stepText(step)}\n`);
      },
      octets: (done, of) => progress.show(Math.ceil(done / MIB), Math.ceil(of / MIB)),
    },
  ).finally(() => progress.end());
  print(terminal, options, restored, () => (restored.passed ? afterText(restored) : ''));
  if (!restored.passed) throw new CommandError('configuration', failedText(restored, config.data.folder));
}

/** Nobody restores alone where the configuration says so: request and signatures lie in the file of `--approval`. */
async function approvedActor(config: Config, backup: string, options: RestoreOptions, reason: string): Promise<Actor> {
  const { name } = callerOf(options);
  if (!config.operators['second-person'].includes('restore')) return { name, reason };
  const { approval } = options;
  if (approval?.endsWith('.json') !== true)
    throw new CommandError(
      'approval',
      'Cannot restore alone: the configuration asks for a second person (operators.second-person has "restore"); add --approval FILE.json, a new file for the request',
    );
  const [{ DATABASE, MANIFEST, readManifest }, { factsOfFile }] = await Promise.all([
    import('../backup/manifest.ts'),
    import('../backup/files.ts'),
  ]);
  const { manifest } = await readManifest(backup);
  const { all = false, push = false, unsigned = false } = options;
  const asked = {
    gateway: manifest.hostname,
    operation: 'restore',
    verb: 'restore' as const,
    input: {
      backup: manifest.id,
      manifest: (await factsOfFile(join(backup, MANIFEST))).sha256,
      into: config.data.folder,
      all,
      push,
      unsigned,
    },
  };
  if (!existsSync(approval)) return askByFile(approval, asked, name, reason);
  const now = systemClock.now();
  const by = approvedByFile(approval, asked, await operatorsIn(join(backup, DATABASE), now), now);
  return { name: `${by.first.name}, approved by ${by.second.name}`, reason: by.reason };
}

const failedText = ({ steps }: Restored, folder: string): string =>
  `Cannot restore this backup: ${steps.at(-1)?.found ?? 'nothing was found'}. Nothing was put into "${folder}"`;

/** What the operator must know and do: a backup is from its moment, and what came later is not in it. */
function afterText({ begun, settled, later, unsigned, proof }: Restored): string {
  const held = settled?.held ?? 0;
  return [
    '',
    `The store stands as it was on ${readableTime(begun)}. Before you start the gateway:`,
    '- What was accepted, fetched, changed or revoked after that moment is not in it. The log and the mail servers of partners tell which',
    '  messages ("smtp.accepted"); their senders must send them again. Passwords and certificates that were revoked since are valid again.',
    ...(unsigned === true
      ? [
          `- Nothing proves that a gateway wrote this backup: its signature could not be checked, and ${many(proof?.anchorsHeld ?? 0, 'signed anchor')} ${agree(proof?.anchorsHeld ?? 0, 'stands', 'stand')} in its trail. The audit trail says so.`,
        ]
      : []),
    ...(later === undefined ? [] : [`- The given anchors prove that the audit trail had gone on to row ${later}.`]),
    ...(held === 0
      ? []
      : [
          `- ${many(held, 'delivery')} to partners ${agree(held, 'is', 'are')} held: some may have gone out since. Ask the partners, or look into the log ("delivery.relayed"),`,
          '  then "sluis queue release --partner NAME" sends them (a message may arrive twice), or "sluis queue fail" gives them up.',
        ]),
    '- Messages that were fetched since are handed out again, under the same UIDLs.',
  ].join('\n');
}
