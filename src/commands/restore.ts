/**
 * `sluis restore`: puts a backup back where there is no store, and shows at each step that it is
 * right.
 */
import { resolve } from 'node:path';
import { showProgress } from '../cli/progress.ts';
import { readableTime } from '../cli/output.ts';
import { CommandError } from '../cli/exit.ts';
import { loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { z } from '../config/zod.ts';
import { agree, many as counted } from '../domain/counted.ts';
import { defined } from '../domain/defined.ts';
import { type Instant, MiB } from '../domain/units.ts';
import { systemClock } from '../platform/clock.ts';
import { stepText, stepView } from './backup.ts';
import { text } from './core/kind.ts';
import { file } from './core/files.ts';
import { since } from './core/moments.ts';
import { arg, flag, many, old, opt } from './core/params.ts';
import { changesHere } from './core/row.ts';

const restored = z.object({
  backup: z.string(),
  begun: z.string().meta({ description: 'What came later is not in it.' }),
  steps: z.array(stepView).readonly(),
  passed: z.boolean(),
  into: z.string().meta({ description: 'The data folder; of the server, on PostgreSQL.' }),
  moment: z.string().optional().meta({ description: 'Of the last commit in it, if a log brought it further.' }),
  proof: z
    .object({
      steps: z.array(stepView).readonly(),
      passed: z.boolean(),
      opened: z.number().meta({ description: 'Bodies that were opened.' }),
      erased: z.number().meta({ description: 'Bodies whose day key was destroyed on purpose.' }),
      anchorsHeld: z.number().meta({ description: 'Signed heads of the trail that are in it.' }),
      later: z.number().optional(),
    })
    .optional(),
  settled: z
    .object({
      held: z.number().meta({ description: 'Deliveries that wait to be released.' }),
      waiting: z.number().meta({ description: 'Deliveries that go out at once.' }),
      erasedDays: z.number(),
      erasedMessages: z.number(),
    })
    .optional(),
  later: z
    .number()
    .optional()
    .meta({ description: 'Newest signed row of the audit trail behind the end of the backup.' }),
  unsigned: z
    .literal(true)
    .optional()
    .meta({ description: 'Put in place although no key at hand signed its manifest.' }),
});
type Restored = z.infer<typeof restored>;

export const restore = changesHere({
  about: 'put a backup back where there is no database yet, proved step by step',
  in: {
    backup: arg(text('backup', 4096), 'its folder'),
    anchors: many(
      text('path', 4096),
      'signed heads of the audit trail that the backup must agree with: a file, or a folder of them',
    ),
    anchorKey: old(many(file, "public key of the audit trail's key, beside the one in the key folder"), 'key'),
    all: flag('open every message, not a sample'),
    push: flag('push what waited for partners again at the next start; else it is held until it is released'),
    unsigned: flag('also a backup whose signature cannot be checked'),
    into: opt(text('folder', 4096), 'PostgreSQL: the new data folder of a server, which is made'),
    until: opt(since, 'PostgreSQL: as it was at that moment; default: as much as the log has'),
    withoutLog: flag('PostgreSQL: the backup itself, without the log behind it'),
  },
  out: restored,
  right: 'owner',
  trail: ['backup.restored'],
  undo: 'moving the restored data folder away, before the gateway has accepted mail',
  reason: 'needed',
  second: 'restore',
  examples: ['backups/2026-11-26T020000Z --reason "the disk is gone"'],
  run: async ({ terminal, options }, { backup: path, anchors, anchorKey, all, push, unsigned, ...where }) => {
    const config = loadConfig(options.config, { files: false });
    const into = placeOf(config, where);
    const { until, withoutLog } = where;
    const backup = resolve(path);
    const [{ SAMPLE, restoreBackup }, { restoreParts }, { actorOf }] = await Promise.all([
      import('../backup/restore.ts'),
      import('../gateway/backup.ts'),
      import('./restore/actor.ts'),
    ]);
    const actor = await actorOf(options, config, {
      backup,
      into,
      all,
      push,
      unsigned,
      withoutLog,
      ...defined({ until }),
    });
    const progress = showProgress('Copying', 'MiB');
    const done = await restoreBackup(
      await restoreParts(config, systemClock, anchorKey),
      backup,
      into,
      {
        anchors,
        sample: all ? 0 : SAMPLE,
        queue: push ? 'push' : 'hold',
        unsigned,
        withoutLog,
        ...defined({ until }),
        actor,
      },
      {
        step: (step) => {
          progress.end();
          if (options.json !== true) terminal.out(`${stepText(step)}\n`);
        },
        octets: (done, of) => progress.show(Math.ceil(done / MiB), Math.ceil(of / MiB)),
      },
    ).finally(() => progress.end());
    return { ...done, into };
  },
  say: (found) => (found.passed ? afterText(found) : ''),
  fails: ({ passed, steps, into }) =>
    passed
      ? undefined
      : {
          code: 'configuration',
          text: `Cannot restore this backup: ${steps.at(-1)?.found ?? 'nothing was found'}. Nothing was put into "${into}"`,
        },
});

/**
 * Where the store goes. For SQLite the configuration says it; for PostgreSQL the operator names the
 * data folder of the server.
 */
function placeOf(
  { store, data }: Config,
  {
    into,
    until,
    withoutLog,
  }: { readonly into?: string | undefined; readonly until?: Instant | undefined; readonly withoutLog: boolean },
): string {
  if (store.engine === 'postgres') {
    if (into !== undefined) return resolve(into);
    throw new CommandError(
      'usage',
      'Cannot restore a base backup without --into FOLDER: the new data folder of a server of PostgreSQL, such as /var/lib/postgresql/17/restored',
    );
  }
  if (into === undefined && until === undefined && !withoutLog) return data.folder;
  throw new CommandError(
    'usage',
    'Cannot use --into, --until or --without-log: they are for a store on PostgreSQL, and this one is on SQLite (store.engine)',
  );
}

/**
 * What the operator must know and do. A backup is as of one moment, and what came later is not in
 * it.
 */
function afterText({ begun, moment, into, settled, later, unsigned, proof }: Restored): string {
  const held = settled?.held ?? 0;
  return [
    '',
    `The store stands as it was on ${readableTime(moment ?? begun)}. Before you start the gateway:`,
    ...(moment === undefined ? [] : ofServer(into)),
    '- What was accepted, fetched, changed or revoked after that moment is not in it. The log and the mail servers of partners tell which',
    '  messages ("smtp.accepted"); their senders must send them again. Passwords and certificates that were revoked since are valid again.',
    ...(unsigned === true
      ? [
          `- Nothing proves that a gateway wrote this backup: its signature could not be checked, and ${counted(proof?.anchorsHeld ?? 0, 'signed anchor')} ${agree(proof?.anchorsHeld ?? 0, 'stands', 'stand')} in its trail. The audit trail says so.`,
        ]
      : []),
    ...(later === undefined ? [] : [`- The given anchors prove that the audit trail had gone on to row ${later}.`]),
    ...(held === 0
      ? []
      : [
          `- ${counted(held, 'delivery')} to partners ${agree(held, 'is', 'are')} held: some may have gone out since. Ask the partners, or look into the log ("delivery.relayed"),`,
          '  then "sluis queue release --partner NAME" sends them (a message may arrive twice), or "sluis queue fail" gives them up.',
        ]),
    '- Messages that were fetched since are handed out again, under the same UIDLs.',
  ].join('\n');
}

/** What the operator does next: start the server, and prepare the other places. */
const ofServer = (into: string): readonly string[] => [
  `- "${into}" is the data folder of a server of PostgreSQL, stopped in order. If it holds postgresql.conf and pg_hba.conf, put them in place, and start it`,
  '  as the primary. It has begun a timeline of its own: make every standby again from it (pg_basebackup), and set synchronous_standby_names to the others;',
  '  until one of them follows nothing is acknowledged. The former servers must stay off. Base backups start again by themselves.',
];
