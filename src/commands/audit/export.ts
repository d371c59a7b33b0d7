/** `sluis audit export`: writes the trail as lines of JSON into a new file. */
import { z } from '../../config/zod.ts';
import { firstOfLane, firstSince } from '../../admin/audit-scan.ts';
import { Names } from '../../admin/names.ts';
import { ExportSeal } from '../../cli/export-lines.ts';
import { newFile, withFiles } from '../../cli/new-file.ts';
import { BEFORE_ALL, beforeAllOf } from '../../crypto/trail/audit-chain.ts';
import { EXPORT_FORMAT, type ExportHeader, exportLine } from '../../crypto/trail/audit-export.ts';
import { isOneChain } from '../../crypto/trail/audit-lanes.ts';
import { type ChainRow, type LaneHead, placeOf } from '../../domain/audit-row.ts';
import { many } from '../../domain/counted.ts';
import type { Instant } from '../../domain/units.ts';
import type { AuditTrail } from '../../store/port/audit.ts';
import { AdminError } from '../../admin/error.ts';
import { nen7513Records } from '../../admin/nen7513-records.ts';
import { choice, count } from '../core/kind.ts';
import { file } from '../core/files.ts';
import { since } from '../core/moments.ts';
import { arg, flag, opt } from '../core/params.ts';
import { lookPart, readsHere } from '../core/row.ts';
import { noteLook } from './look.ts';

const STEP = 1000;

const WHAT = {
  since: opt(since, 'from then on'),
  fields: opt(
    choice('names', ['chain', 'nen7513']),
    'chain: can be checked, the default; nen7513: a line a row in the field names of NEN 7513',
    'chain',
  ),
  withoutPersonal: flag('leave out who and where; what is left can still be checked'),
};

const page = z.object({
  hostname: z.string(),
  after: z
    .object({ seq: z.number(), hash: z.string() })
    .meta({ description: 'The row before the first line, of the first page.' }),
  lines: z.array(z.string()).readonly(),
  next: z.number().optional().meta({ description: 'For `from` of the next call; absent at the end.' }),
  lanes: z.array(z.number()).readonly().optional().meta({
    description: 'The chains, if the trail has several; then there are no lines: ask for each chain by itself.',
  }),
});

export const exportPage = lookPart({
  about: 'give out the trail as lines of JSON, page by page',
  in: {
    ...WHAT,
    from: opt(count('number', { max: Number.MAX_SAFE_INTEGER }), 'from this row on', 0),
    lane: opt(
      count('number', { max: Number.MAX_SAFE_INTEGER }),
      'of this chain; rows are counted by its own numbers then',
    ),
  },
  out: page,
  right: 'security',
  run: async ({ store: { audit, registry }, partners: { hostname }, gateway }, { from, lane, ...what }, call) => {
    const [personal, nen7513] = [!what.withoutPersonal, what.fields === 'nen7513'];
    const lines = (rows: readonly ChainRow[]): string[] => rows.map((row) => exportLine(row, { personal }));
    if (lane !== undefined) return { hostname, ...(await lanePage(audit, { lane, from, since: what.since }, lines)) };
    if (from === 0) {
      gateway?.writeCounted();
      const fields = nen7513 ? ' in fields of NEN 7513' : '';
      noteLook(audit, call, `export${fields}${personal ? '' : ' without personal fields'}`);
    }
    if (from === 0 && !nen7513) {
      const heads = await headsOf(audit);
      if (!isOneChain(heads)) return { hostname, ...NOWHERE, lines: [], lanes: heads.map((head) => head.lane) };
    }
    const first = from > 0 ? from : what.since === undefined ? 1 : await firstSince(audit, what.since);
    const before = from > 0 || first === 1 ? [] : await audit.chain({ fromSeq: first - 1, limit: 1 });
    const { seq, hash } = before[0] ?? BEFORE_ALL;
    const rows = await audit.chain({ fromSeq: first, limit: STEP });
    const last = rows.at(-1);
    const names = new Names(registry);
    return {
      hostname,
      after: { seq, hash: Buffer.from(hash).toString('hex') },
      lines: nen7513
        ? (await nen7513Records(rows, { hostname, personal, names })).map((record) => JSON.stringify(record))
        : lines(rows),
      ...(last === undefined || rows.length < STEP ? {} : { next: last.seq + 1 }),
    };
  },
});

const NOWHERE = { after: { seq: 0, hash: Buffer.from(BEFORE_ALL.hash).toString('hex') } };

async function headsOf(audit: AuditTrail): Promise<readonly LaneHead[]> {
  const heads: LaneHead[] = [];
  for (;;) {
    const page = await audit.lanes({ after: heads.at(-1)?.lane ?? -1, limit: STEP });
    heads.push(...page);
    if (page.length < STEP) return heads;
  }
}

/** A page of rows of one chain, for a trail that has several. */
async function lanePage(
  audit: AuditTrail,
  { lane, from, since: begin }: { readonly lane: number; readonly from: number; readonly since: Instant | undefined },
  linesOf: (rows: readonly ChainRow[]) => string[],
): Promise<Omit<z.infer<typeof page>, 'hostname' | 'lanes'>> {
  const [head] = await audit.lanes({ after: lane - 1, limit: 1 });
  if (head?.lane !== lane) throw new AdminError('unknown', `There is no lane ${lane} in the trail`);
  const first = from > 0 ? from : begin === undefined ? 1 : await firstOfLane(audit, head, begin);
  const [before] = from > 0 || first === 1 ? [] : await audit.chainOf({ lane, from: first - 1, limit: 1 });
  const { seq, hash } = before === undefined ? beforeAllOf(head.name) : { seq: placeOf(before), hash: before.hash };
  const rows = await audit.chainOf({ lane, from: first, limit: STEP });
  const last = rows.at(-1);
  return {
    after: { seq, hash: Buffer.from(hash).toString('hex') },
    lines: linesOf(rows),
    ...(last === undefined || rows.length < STEP ? {} : { next: placeOf(last) + 1 }),
  };
}

export const exportTo = readsHere({
  about: 'write the trail as lines of JSON that can be checked without this gateway',
  in: { file: arg(file, 'a new file'), ...WHAT },
  out: z.object({ file: z.string(), rows: z.number() }),
  right: 'security',
  reason: 'optional',
  examples: ['trail-2026.jsonl --reason "NEN 7510 audit"', 'trail-14d.jsonl --since 14d --without-personal'],
  run: async (here, { file: path, fields }, { file: _, ...asked }) => {
    const made = newFile(path, 0o600);
    const rows = await withFiles([made], async () => {
      // Only an export of the chain has a first line that says what it follows, and a last line
      // that seals it.
      const isChain = fields === 'chain';
      const seal = new ExportSeal();
      let n = 0;
      const pages = async (
        of: { readonly lane?: number },
        piece: Partial<ExportHeader>,
      ): Promise<readonly number[]> => {
        for (let from: number | undefined = 0; from !== undefined;) {
          const told: z.infer<typeof page> = await here.call(exportPage, { ...asked, ...of, from });
          if (told.lanes !== undefined) return told.lanes;
          if (from === 0 && isChain) made.append(seal.take(`${JSON.stringify({ ...headerOf(told), ...piece })}\n`));
          made.append(seal.take(told.lines.map((line) => `${line}\n`).join('')));
          n += told.lines.length;
          from = told.next;
        }
        return [];
      };
      const lanes = await pages({}, {});
      for (const [i, lane] of lanes.entries())
        await pages({ lane }, { piece: [i + 1, lanes.length], all: true, ...(lane === 0 ? {} : { lane }) });
      if (isChain) made.append(seal.end());
      made.end();
      return n;
    });
    return { file: path, rows };
  },
  say: ({ file: path, rows }) => `Wrote ${many(rows, 'row')} to "${path}".`,
});

const headerOf = ({ hostname, after }: z.infer<typeof page>): ExportHeader => ({
  format: EXPORT_FORMAT,
  hostname,
  made: new Date().toISOString(),
  after,
  sealed: true,
});
