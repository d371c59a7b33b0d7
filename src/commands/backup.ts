/**
 * `sluis backup` and `sluis drill`: take backups, list them, verify them, and try to restore them.
 * To put a backup back is no operation of the gateway, since there is no store then (restore.ts).
 */
import { isAbsolute, resolve } from 'node:path';
import { z } from '../config/zod.ts';
import type { Call } from '../admin/call.ts';
import { DRILL_FORMAT } from '../backup/reports.ts';
import { facts, readableSize, readableTime, table } from '../cli/output.ts';
import { agree, many } from '../domain/counted.ts';
import { defined } from '../domain/defined.ts';
import { escrowReminder } from '../domain/escrow.ts';
import { MiB } from '../domain/units.ts';
import { site, watch } from './site-drill.ts';
import { type Kind, ofText } from './core/kind.ts';
import { flag, maybe, opt } from './core/params.ts';
import { changes, reads } from './core/row.ts';
import { subject } from './core/subject.ts';

/** A path, made absolute by the command line: the gateway works in another folder. */
const place = (word: string): Kind<string> => ({
  ...ofText(
    word,
    { en: 'an absolute path', nl: 'een volledig pad' },
    (path) => (isAbsolute(path) ? path : undefined),
    4096,
  ),
  fromText: (path) => resolve(path),
});

/** Shows the progress in MiB, which a person can read. */
const toldTo =
  ({ progress }: Call) =>
  (done: number, of: number): void =>
    progress(Math.ceil(done / MiB), Math.ceil(of / MiB));

const view = z.object({
  backup: z.string(),
  path: z.string(),
  begun: z.string().meta({ description: 'What came later is not in it.' }),
  octets: z.number(),
  messages: z.number(),
  hostname: z.string(),
  offsite: z
    .object({ at: z.string().optional(), where: z.string() })
    .optional()
    .meta({ description: 'Its copy elsewhere; `at`: when that was read back.' }),
});

const take = changes({
  about: 'take one now; keys are never in it',
  in: { folder: maybe(place('folder'), 'where it goes; default: the folder of the configuration') },
  out: view.extend({
    seconds: z.number(),
    logOctets: z.number(),
    removed: z.array(z.string()).readonly().meta({ description: 'Older ones, by the rule of the configuration.' }),
    reminder: z.string().optional().meta({ description: 'Why nobody might be able to open it.' }),
  }),
  right: 'security',
  trail: ['backup.taken'],
  progress: { phase: 'Copying', unit: 'MiB' },
  examples: ['backups'],
  run: async ({ backups, keys, clock }, { folder }, call) => {
    const taken = await backups.take({ ...defined({ folder }), actor: call.actor, told: toldTo(call) });
    const reminder = escrowReminder(keys.escrow(), await keys.fingerprint(), clock.now());
    return { ...taken, ...defined({ reminder }) };
  },
  say: (taken) =>
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
    ].join('\n'),
  // A backup that nobody can open later is worth nothing.
  warnings: ({ reminder }) => (reminder === undefined ? [] : [reminder.replace(/\.$/, '')]),
});

const list = reads({
  about: 'the backups in a folder, oldest first',
  in: { folder: maybe(place('folder'), 'default: the folder of the configuration') },
  out: z.array(view).readonly(),
  right: 'read',
  examples: ['backups'],
  run: async ({ backups }, { folder }) => await backups.list(folder),
  say: (all) =>
    all.length === 0
      ? 'There is no backup.'
      : table(
          ['BACKUP', 'SIZE', 'MESSAGES', 'ELSEWHERE', 'FOLDER'],
          all.map(({ backup, octets, messages, offsite, path }) => [
            backup,
            readableSize(octets),
            messages,
            offsite === undefined ? undefined : (readableTime(offsite.at) ?? 'not read back'),
            path,
          ]),
        ),
});

const checkView = z.object({
  backup: z.string(),
  path: z.string(),
  signature: z.enum(['good', 'unknown', 'missing']),
  files: z.array(z.object({ name: z.string(), whole: z.boolean(), why: z.string().optional() })).readonly(),
  whole: z.boolean(),
});

const check = reads({
  about: 'read every byte of a backup again and compare it with its manifest',
  in: { backup: maybe(place('backup'), 'its folder; default: the newest of the configuration') },
  out: checkView,
  right: 'security',
  progress: { phase: 'Reading', unit: 'MiB' },
  examples: ['backups/2026-11-26T020000Z'],
  run: async ({ backups }, { backup }, call) => await backups.check(backup, toldTo(call)),
  say: ({ path, signature, files }) =>
    [
      `Backup: ${path}`,
      signature === 'good'
        ? "The manifest is signed by the audit trail's key."
        : signature === 'missing'
          ? 'The manifest has no signature.'
          : "The signature of the manifest is not one of the audit trail's key.",
      ...files.map(({ name, why }) => `${name}: ${why ?? 'as it was written'}`),
      'Whether it opens with the keys that are kept was not tried: "sluis drill restore" does it.',
    ].join('\n'),
  fails: ({ path, signature, files, whole }) => {
    if (whole) return undefined;
    if (signature !== 'missing' || files.some((file) => !file.whole))
      return {
        code: 'configuration',
        text: `The backup "${path}" is not as it was written: take another one, and look at its disk`,
      };
    return {
      code: 'unproven',
      text: `Every file of the backup "${path}" is what its manifest says, and nothing proves that the gateway wrote the manifest: manifest.json.sig is missing; fetch it from a copy of this backup, or take another one`,
    };
  },
});

export const backups = subject(
  'backup',
  'whole copies of the database, taken while the gateway runs',
  { take, list, check },
  { initial: 'take' },
);

export const stepView = z.object({ step: z.string(), passed: z.boolean(), found: z.string() });
export const stepText = ({ step: name, passed, found }: z.infer<typeof stepView>): string =>
  `${passed ? 'ok    ' : 'FAILED'}  ${name.padEnd(9)}  ${found}`;

const marksView = z
  .object({
    schema: z.number(),
    keys: z.record(z.string(), z.string()),
    engine: z.string(),
    nodes: z.array(z.string()).readonly(),
    listeners: z.array(z.string()).readonly(),
  })
  .meta({ description: 'What it was made with; another drill is due when more of it is there.' });

const restore = changes({
  about: 'restore a backup into a scratch folder, prove it, remove it, and write a signed report',
  in: {
    backup: maybe(place('backup'), 'its folder; default: the newest of the configuration'),
    all: flag('open every message, not a sample'),
    keysFrom: opt(place('folder'), 'open it with a copy of the key folder (keys.copy-to), not with the key folder'),
  },
  out: z.object({
    format: z.literal(DRILL_FORMAT),
    hostname: z.string(),
    version: z.string(),
    at: z.string(),
    seconds: z.number(),
    passed: z.boolean(),
    backup: z.string(),
    begun: z.string(),
    keysFrom: z.string().optional(),
    steps: z.array(stepView).readonly(),
    opened: z.number(),
    erased: z.number(),
    by: z.string(),
    reason: z.string().optional(),
    marks: marksView,
    file: z.string().meta({ description: 'The report; its signature is beside it.' }),
  }),
  right: 'security',
  trail: ['backup.drilled'],
  progress: { phase: 'Restoring', unit: 'MiB' },
  examples: ['backups/2026-11-26T020000Z --all'],
  run: async ({ backups: kept }, { backup, keysFrom, all }, call) =>
    await kept.drills.restore({ all, actor: call.actor, ...defined({ backup, keysFrom }) }, toldTo(call)),
  say: (report) =>
    [
      ...report.steps.map(stepText),
      `${report.passed ? 'The backup can be restored' : 'The backup CANNOT be restored'}: ${many(report.opened, 'message')} ${agree(report.opened, 'was', 'were')} opened, in ${report.seconds.toFixed(1)} s.`,
      `Report: ${report.file} (signature beside it)`,
    ].join('\n'),
  fails: ({ passed, opened, erased, backup, keysFrom }) => {
    if (!passed)
      return {
        code: 'configuration',
        text:
          keysFrom === undefined
            ? `The backup ${backup} cannot be restored; take another one now, and look at its disk`
            : `The backup ${backup} cannot be restored with the keys in "${keysFrom}"; take another one now ("sluis backup take" also brings keys.copy-to up to date), and try without --keys-from`,
      };
    if (opened > 0) return undefined;
    return {
      code: 'unproven',
      text: `Nothing proves that mail of the backup ${backup} can be read: there was no message in it to open${erased === 0 ? '' : ' but those that were erased'}; try again with a backup that has one`,
    };
  },
});

export const drills = subject('drill', 'try what must work on the worst day', { restore, site, watch });
