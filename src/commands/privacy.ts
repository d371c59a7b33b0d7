/**
 * `sluis privacy`: how long each kind of data is kept, how old the oldest is, and which
 * organisations have given no purpose for it.
 */
import { z } from '../config/zod.ts';
import { keptDay, keptDays } from '../admin/kept-days.ts';
import { withoutPurpose } from '../admin/purpose.ts';
import { readableTime, table } from '../cli/output.ts';
import type { Config } from '../config/schema.ts';
import { formatDuration } from '../config/units.ts';
import { defined } from '../domain/defined.ts';
import type { AccountId } from '../domain/ids.ts';
import { settingsTable } from '../domain/settings.ts';
import { type Instant, iso } from '../domain/units.ts';
import type { Store } from '../store/port/store.ts';
import { reads, readsHere } from './core/row.ts';
import { subject } from './core/subject.ts';

const PAGE = 1000;
/** Most organisations that are named. */
const NAMED = 100;

const found = z.object({
  oldest: z
    .object({
      uncollected: z.string().optional(),
      waiting: z.string().optional(),
      held: z.string().optional(),
      audit: z.string().optional(),
    })
    .meta({ description: 'Acceptance of the oldest one; absent if there is none.' }),
  organisations: z
    .array(z.object({ organisation: z.string(), missing: z.array(z.string()).readonly() }))
    .readonly()
    .meta({ description: 'Without purpose, legal basis or processor agreement, at most 100.' }),
  moreOrganisations: z.boolean(),
  days: z
    .array(keptDay)
    .readonly()
    .meta({ description: 'Days before yesterday that can still be read, and what keeps them; oldest first.' }),
});
type Found = z.infer<typeof found>;

const rule = z.object({
  kind: z.string(),
  rule: z.string(),
  removes: z.string(),
  oldest: z.string().optional(),
});
type Rule = z.infer<typeof rule>;

const look = reads({
  about: 'tell what is kept beyond its time, and which organisations lack a purpose',
  in: {},
  out: found,
  right: 'security',
  examples: [''],
  run: async ({ store, clock }) => {
    const without = await withoutPurpose(store, NAMED + 1);
    const [row] = await store.audit.chain({ fromSeq: 1, limit: 1 });
    const state = async (of: 'waiting' | 'held') =>
      (await store.deliveries.list({ limit: 1, states: [of] }))[0]?.message.receivedAt;
    return {
      oldest: defined({
        uncollected: iso(await oldestUncollected(store, clock.now())),
        waiting: iso(await state('waiting')),
        held: iso(await state('held')),
        audit: iso(row?.at),
      }),
      organisations: without.slice(0, NAMED),
      moreOrganisations: without.length > NAMED,
      days: await keptDays(store, clock.now()),
    };
  },
  say: () => '',
});

/** For `check` and `doctor`. */
const purpose = reads({
  about: 'tell whether some organisation lacks a purpose, a legal basis or a processor agreement',
  in: {},
  out: z.object({ missing: z.boolean() }),
  right: 'read',
  examples: [''],
  run: async ({ store }) => ({ missing: (await withoutPurpose(store, 1)).length > 0 }),
  say: () => '',
});

const report = readsHere({
  about: 'how long each kind of data is kept, the oldest of it, and organisations without purpose or agreement',
  in: {},
  out: found.extend({ rules: z.array(rule).readonly() }),
  right: 'security',
  examples: [''],
  run: async (here) => {
    const config = here.config();
    const seen = await here.call(look, {});
    return { rules: rulesOf(config, seen.oldest), ...seen };
  },
  say: (all) => reportText(all.rules, all),
});

export const privacy = subject('privacy', 'what is kept, and why', { report }, { parts: { report: look, purpose } });

const HOURLY = 'the sweep, at every hour';
const DAILY = 'the daily round, at 07:00 in Amsterdam and after a start';

function rulesOf({ auth, store, delivery, audit, backup }: Config, oldest: Found['oldest']): readonly Rule[] {
  const of = (kind: string, rule: string, removes: string, at?: string): Rule => ({
    kind,
    rule,
    removes,
    ...defined({ oldest: at }),
  });
  return [
    of(
      'messages that nobody fetched',
      `setting keep-uncollected, ${settingsTable['keep-uncollected'].default} days if none is set`,
      DAILY,
      oldest.uncollected,
    ),
    of('messages for partners', 'push.expire, then the sender is told', 'the push', oldest.waiting),
    of(
      'held',
      `delivery.keep-held, ${formatDuration(delivery['keep-held'])}, then the sender is told`,
      DAILY,
      oldest.held,
    ),
    of(
      'deleted, expired and withdrawn messages',
      `${formatDuration(store['keep-deleted'])}, or setting keep-deleted`,
      HOURLY,
    ),
    of('envelopes, hashes (trace)', `${formatDuration(store['keep-trace'])} after the content has gone`, HOURLY),
    of(
      'networks that accounts logged in from',
      `auth.trust-for, ${formatDuration(auth['trust-for'])} after the last`,
      HOURLY,
    ),
    of('figures of accounts by month', `${formatDuration(store['keep-usage'])} after the month`, HOURLY),
    of('who and where: access', formatDuration(audit['keep-access']), DAILY, oldest.audit),
    of('who and where: changes', formatDuration(audit['keep-change']), DAILY, oldest.audit),
    of('who and where: messages', formatDuration(audit['keep-chain']), DAILY, oldest.audit),
    of('who and where: technical', formatDuration(audit['keep-technical']), DAILY, oldest.audit),
    of(
      'backups',
      backup['keep-for'] === undefined ? 'by number alone' : formatDuration(backup['keep-for']),
      'each backup',
    ),
  ];
}

/** Most days that the text shows; --json has all. */
const SHOWN = 31;

function daysText(days: Found['days']): string {
  if (days.length === 0) return 'No day before yesterday can still be read: nothing of it is kept.';
  const shown = days
    .slice(0, SHOWN)
    .map(({ day, left, uncollected, deleted, queue, mailboxes, mailboxCount, until }) => {
      const more = mailboxCount - mailboxes.length;
      return [
        day,
        ...[left, uncollected, deleted, queue].map(String),
        `${mailboxes.join(' ')}${more > 0 ? ` and ${more} more` : ''}`,
        until === undefined ? 'no end: see below' : readableTime(until),
      ];
    });
  return [
    'Days that can still be read, here and in earlier backups, and what keeps them (messages):',
    table(['DAY', 'LEFT', 'NOT FETCHED', 'DELETED', 'QUEUE', 'MAILBOXES', 'UNTIL'], shown),
    ...(days.length > SHOWN ? [`${days.length - SHOWN} more days: --json has them.`] : []),
    'LEFT was fetched and not deleted: it stays, and keeps what others deleted on that day readable in earlier backups, until its owner deletes it or "sluis message erase" does. QUEUE goes when it was sent, released or given up.',
  ].join('\n');
}

const reportText = (rules: readonly Rule[], { organisations, moreOrganisations, days }: Found): string =>
  [
    table(
      ['WHAT', 'KEPT', 'REMOVED BY', 'OLDEST'],
      rules.map(({ kind, rule, removes, oldest }) => [kind, rule, removes, readableTime(oldest)]),
    ),
    daysText(days),
    organisations.length === 0
      ? 'Every organisation has purpose, legal basis and processor agreement.'
      : table(
          ['ORGANISATION', 'NOBODY SAID'],
          organisations.map(({ organisation, missing }) => [organisation, missing.join(' ')]),
        ),
    ...(moreOrganisations ? ['There are more such organisations.'] : []),
    'docs/data.md has every table and column. "sluis organisation set NAME purpose=... legal-basis=... processor-agreement=..." says what is missing.',
  ].join('\n\n');

async function oldestUncollected({ deliveries }: Store, before: Instant): Promise<Instant | undefined> {
  let oldest: Instant | undefined;
  for (let after: AccountId | undefined; ;) {
    const page = await deliveries.uncollected({ before, limit: PAGE, ...defined({ after }) });
    for (const mailbox of page) if (oldest === undefined || mailbox.oldest < oldest) oldest = mailbox.oldest;
    after = page.at(-1)?.account;
    if (after === undefined || page.length < PAGE) return oldest;
  }
}
