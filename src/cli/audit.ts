/** `sluis audit`: the trail of everything that happened: listed, given out, checked, summed up. */
import { existsSync } from 'node:fs';
import { factText } from '../admin/delivery-views.ts';
import type { Command } from 'commander';
import type { AuditPage, AuditRowView, ExportPage } from '../admin/audit.ts';
import { loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { auditKeyFile } from '../crypto/audit-keys.ts';
import { EXPORT_FORMAT, type ExportHeader } from '../crypto/audit-export.ts';
import { agree, many } from '../domain/counted.ts';
import type { AdminClient } from '../admin/client.ts';
import { anchorFolderOf } from '../config/places.ts';
import {
  type Anchored,
  type CheckedExport,
  checkExport,
  newestAnchors,
  readAnchors,
  readPublicKeys,
} from './audit-files.ts';
import { addEraseCommand } from './audit-erase.ts';
import { type Proof, anchorsText, isProven, reportText, verifyText } from './audit-report.ts';
import { type CheckedStamps, checkTimeStamps } from './audit-timestamps.ts';
import { withAdmin } from './connect.ts';
import { ExportSeal } from './export-lines.ts';
import { CommandError } from './exit.ts';
import { newFile, withFiles } from './new-file.ts';
import { type ChangeOptions, changing, collect } from './options.ts';
import { print, table } from './output.ts';
import type { Terminal } from './terminal.ts';

interface ListOptions extends ChangeOptions {
  readonly account?: string;
  readonly event?: string;
  readonly since?: string;
  readonly until?: string;
  readonly limit: string;
}
interface ExportOptions extends ChangeOptions {
  readonly since?: string;
  readonly withoutPersonal?: boolean;
  readonly fields?: string;
}
interface VerifyOptions extends ChangeOptions {
  readonly anchors?: readonly string[];
  readonly key?: readonly string[];
  readonly timestampAuthority?: readonly string[];
}
interface ReportOptions extends ChangeOptions {
  readonly since?: string;
  readonly until?: string;
  readonly week?: boolean;
  readonly verify?: boolean;
  readonly anchors?: readonly string[];
  readonly key?: readonly string[];
}

export function addAuditCommands(terminal: Terminal, program: Command): void {
  const group = program
    .command('audit')
    .description('the trail of everything that happened; each look at it stands in it');
  changing(group.command('list'))
    .description('rows of the trail, oldest first')
    .option('--account <login>', 'about this account')
    .option('--event <name>', 'events that begin so, such as login or message.accepted')
    .option('--since <moment>', 'from then on')
    .option('--until <moment>', 'until then')
    .option('--limit <number>', 'most rows: the newest, oldest of them first', '100')
    .action((options: ListOptions) => list(terminal, options));
  changing(group.command('export'))
    .description('write the trail as lines of JSON that can be checked without this gateway')
    .argument('<file>', 'a new file')
    .option('--since <moment>', 'from then on')
    .option(
      '--fields <names>',
      'chain: can be checked, the default; nen7513: a line a row in the field names of NEN 7513',
    )
    .option('--without-personal', 'leave out who and where; what is left can still be checked')
    .action((file: string, options: ExportOptions) => exportTo(terminal, file, options));
  changing(group.command('verify'))
    .description(
      'check the chain of the trail, or of an export, against anchors: that nothing was changed, cut off or written anew',
    )
    .argument('[file]', 'an export; without it the trail of this gateway')
    .option(
      '--anchors <path>',
      "a file of anchors, or the folder of them; may be given several times; default: this gateway's own, for its trail",
      collect,
    )
    .option(
      '--timestamp-authority <pem>',
      "who made the time stamps beside the anchors; default: this gateway's setting",
      collect,
    )
    .option('--key <pem>', "public key of the anchors; default: this gateway's own", collect)
    .action((file: string | undefined, options: VerifyOptions) =>
      file === undefined ? verifyOwn(terminal, options) : verifyFile(terminal, file, options),
    );
  changing(group.command('report'))
    .description('what a period comes to: events by outcome, failed logins, what people did')
    .option('--since <moment>', 'from then on')
    .option('--until <moment>', 'until then; default: now')
    .option('--week', 'the last seven days')
    .option('--verify', 'also check the whole trail, as "audit verify" does')
    .option('--anchors <path>', 'also check the chain against these anchors; may be given several times', collect)
    .option('--key <pem>', "public key of the anchors; default: this gateway's own", collect)
    .action((options: ReportOptions) => report(terminal, options));
  changing(group.command('anchor'))
    .description('sign the head of the trail now; the running gateway does so every minute')
    .action(async (options: ChangeOptions) => {
      const done = await withAdmin(options, (client) => client.call('audit.anchor', {}));
      print(terminal, options, done, () => `The trail is anchored up to row ${done.seq} or a later one.`);
    });
  addEraseCommand(terminal, group);
}

async function list(terminal: Terminal, options: ListOptions): Promise<void> {
  const limit = Number(options.limit);
  if (!Number.isInteger(limit) || limit < 1 || limit > 1_000_000)
    throw new CommandError('usage', `Cannot list "${options.limit}" rows: expected a number from 1 to 1000000`);
  const { account, event, until } = options;
  const rows = await withAdmin(options, async (client) => {
    const all: AuditRowView[] = [];
    let before: number | undefined = 0;
    while (before !== undefined && all.length < limit) {
      const page: AuditPage = await client.call('audit.list', {
        account,
        event,
        until,
        before,
        since: options.since,
        limit: Math.min(1000, limit - all.length),
      });
      all.unshift(...page.rows);
      before = page.next;
    }
    return all;
  });
  print(terminal, options, rows, () =>
    rows.length === 0
      ? 'No row was found.'
      : table(
          ['ROW', 'TIME', 'EVENT', 'OUTCOME', 'ACCOUNT', 'MESSAGE', 'FACTS'],
          rows.map((r) => [r.seq, r.at.replace('T', ' '), r.event, r.outcome, r.account, r.message, factsText(r)]),
        ),
  );
}

const factsText = (row: AuditRowView): string =>
  [...Object.entries(row.facts).map(factText), ...(row.erased ? ['(who and where were erased)'] : [])].join(' ');

async function exportTo(terminal: Terminal, path: string, options: ExportOptions): Promise<void> {
  const file = newFile(path, 0o600);
  const lines = await withFiles([file], () =>
    withAdmin(options, async (client) => {
      const { fields } = options;
      const asked = { since: options.since, personal: options.withoutPersonal !== true, fields };
      // Only the chain has a first line to follow on, and a last one that seals it.
      const plain = fields === 'nen7513';
      const seal = new ExportSeal();
      let n = 0;
      let from: number | undefined = 0;
      while (from !== undefined) {
        const page: ExportPage = await client.call('audit.export', { ...asked, from });
        if (from === 0 && !plain) file.append(seal.take(`${JSON.stringify(headerOf(page))}\n`));
        file.append(seal.take(page.lines.map((line) => `${line}\n`).join('')));
        n += page.lines.length;
        from = page.next;
      }
      if (!plain) file.append(seal.end());
      file.end();
      return n;
    }),
  );
  print(terminal, options, { file: path, rows: lines }, () => `Wrote ${many(lines, 'row')} to "${path}".`);
}

const headerOf = ({ hostname, after }: ExportPage): ExportHeader => ({
  format: EXPORT_FORMAT,
  hostname,
  made: new Date().toISOString(),
  after,
  sealed: true,
});

async function verifyOwn(terminal: Terminal, options: VerifyOptions): Promise<void> {
  const config = loadConfig(options.config);
  const proof = ownAnchors(options, config);
  const found = await withAdmin(options, (client) => checkOwn(client, proof));
  const known = options.timestampAuthority !== undefined || config.audit['timestamp-authorities'].length > 0;
  const paths = options.anchors ?? (known ? proof.places : []);
  const stamps = await stampsFor({ ...options, anchors: paths.filter((path) => existsSync(path)) }, config);
  print(terminal, options, { ...found, ...stamps }, () => `${verifyText(found)}${stampsText(stamps)}`);
  mustBeProven(found);
  mustBeStamped(stamps, options, paths);
}

/** Who names an authority asks for its time stamps. */
function mustBeStamped(
  { stamps }: CheckedStamps,
  { timestampAuthority }: VerifyOptions,
  places: readonly string[],
): void {
  if (timestampAuthority === undefined || stamps > 0) return;
  throw new CommandError(
    'unproven',
    `No time stamp was checked: there is none ${places.length === 0 ? 'where no place of anchors is named' : `in ${places.join(', ')}`}; name the folder where they lie beside the anchors with --anchors PATH`,
  );
}

interface OwnAnchors {
  readonly anchors: readonly Anchored[];
  /** Files and folders they were looked for in. */
  readonly places: readonly string[];
}

/** Those that are named; else the newest ones that this gateway wrote, in the folder that the configuration names. */
function ownAnchors(options: VerifyOptions, config: Config): OwnAnchors {
  const own = auditKeyFile(config.keys.folder);
  if (options.anchors !== undefined) return { anchors: anchorsFor(options, own), places: options.anchors };
  const folder = anchorFolderOf(config);
  const [key = own] = options.key ?? [];
  return { anchors: newestAnchors(folder, key), places: [folder] };
}

async function checkOwn(client: AdminClient, { anchors, places }: OwnAnchors): Promise<Proof> {
  const found = await client.call('audit.verify', { anchors: anchors.map(({ seq, hash }) => ({ seq, hash })) });
  return { ...found, proven: isProven(found), places };
}

/** A trail that nothing contradicts and nothing proves must not read as one that is proven. */
function mustBeProven(found: Proof): void {
  if (found.report.kind === 'broken' || found.missing !== undefined || found.report.vanished !== undefined)
    throw new CommandError(
      'configuration',
      'The audit trail is not as it was written; keep this database and its anchors as they are',
    );
  if (!found.proven)
    throw new CommandError(
      'unproven',
      `The chain holds, and nothing proves that its end was not cut off or all of it written anew: there is no anchor in ${found.places.join(', ')}; name where they are kept with --anchors PATH`,
    );
}

async function verifyFile(terminal: Terminal, path: string, options: VerifyOptions): Promise<void> {
  const config = existsSync(options.config) ? loadConfig(options.config) : undefined;
  const own = config === undefined ? undefined : auditKeyFile(config.keys.folder);
  const checked = await checkExport(path, anchorsFor(options, own));
  const stamps = await stampsFor(options, config);
  print(terminal, options, { ...checked, ...stamps }, () =>
    checked.broken === undefined
      ? `${checkedText(checked)}${stampsText(stamps)}`
      : `Row ${checked.broken.seq}: ${checked.broken.why}.`,
  );
  if (checked.broken !== undefined)
    throw new CommandError('configuration', `The export "${path}" is not as it was written`);
  if (checked.anchors === 0)
    throw new CommandError(
      'unproven',
      `The chain of "${path}" holds, and nothing proves that its end was not cut off or all of it written anew: ${options.anchors === undefined ? 'add --anchors PATH' : 'none of the anchors that were given is of a row in it'}`,
    );
  mustBeStamped(stamps, options, options.anchors ?? []);
}

const stampsFor = (
  { anchors = [], timestampAuthority }: VerifyOptions,
  config: Config | undefined,
): Promise<CheckedStamps> =>
  checkTimeStamps(anchors, timestampAuthority ?? config?.audit['timestamp-authorities'] ?? []);

const stampsText = ({ stamps, newest }: CheckedStamps): string =>
  newest === undefined
    ? ''
    : `\n${many(stamps, 'time stamp')} ${agree(stamps, 'holds', 'hold')}, the newest of ${newest}.`;

export const checkedText = ({ rows, hostname, anchors, pieces }: CheckedExport): string =>
  pieces === undefined
    ? `${many(rows, 'row')} of ${hostname}, the chain holds; ${anchorsText(anchors)} in it.`
    : `${many(rows, 'row')} of ${hostname} in ${many(pieces.count, 'piece')}, ${pieces.hidden} between them not told; the chain holds in each, ` +
      (pieces.loose === 0 ? 'and an anchor stands at the end of each.' : `and ${pieces.loose} end without an anchor.`);

function anchorsFor({ anchors = [], key = [] }: VerifyOptions, own: string | undefined): readonly Anchored[] {
  if (anchors.length === 0) return [];
  const keys = key.length > 0 ? key : own === undefined ? [] : [own];
  if (keys.length === 0) throw new CommandError('usage', 'Cannot check anchors without a key: add --key PEM');
  return readAnchors(anchors, readPublicKeys(keys));
}

async function report(terminal: Terminal, options: ReportOptions): Promise<void> {
  const week = new Date(Date.now() - 7 * 24 * 3600 * 1000).toISOString();
  const since = options.since ?? (options.week === true ? week : undefined);
  if (since === undefined) throw new CommandError('usage', 'Cannot report without --since or --week');
  const checking = options.verify === true || options.anchors !== undefined;
  const proof = checking ? ownAnchors(options, loadConfig(options.config)) : undefined;
  const { summary, verified } = await withAdmin(options, async (client) => ({
    summary: await client.call('audit.report', { since, until: options.until }),
    verified: proof === undefined ? undefined : await checkOwn(client, proof),
  }));
  print(terminal, options, { ...summary, verified }, () => reportText(summary, verified));
  if (verified !== undefined) mustBeProven(verified);
}
