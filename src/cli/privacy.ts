/** `sluis privacy report`: how long each kind of data is kept, how old the oldest is, and what was never said. */
import type { Command } from 'commander';
import type { PrivacyView } from '../admin/privacy.ts';
import { loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { formatDuration } from '../config/units.ts';
import { defined } from '../domain/defined.ts';
import { settingsTable } from '../domain/settings.ts';
import { withAdmin } from './connect.ts';
import { type CommonOptions, reading } from './options.ts';
import { print, readableTime, table } from './output.ts';
import type { Terminal } from './terminal.ts';

interface Rule {
  readonly kind: string;
  readonly rule: string;
  readonly removes: string;
  readonly oldest?: string;
}

export function addPrivacyCommands(terminal: Terminal, program: Command): void {
  const group = program.command('privacy').description('what is kept, and why');
  reading(group.command('report'))
    .description('how long each kind of data is kept, the oldest of it, and organisations without purpose or agreement')
    .action(async (options: CommonOptions) => {
      const config = loadConfig(options.config);
      const found = await withAdmin(options, (client) => client.call('privacy.report', {}));
      const rules = rulesOf(config, found.oldest);
      print(terminal, options, { rules, ...found }, () => reportText(rules, found));
    });
}

const HOURLY = 'the sweep, at every hour';
const DAILY = 'the daily round, at 07:00 in Amsterdam and after a start';

function rulesOf({ auth, store, delivery, audit, backup }: Config, oldest: PrivacyView['oldest']): readonly Rule[] {
  const of = (kind: string, rule: string, removes: string, at?: string): Rule => ({
    kind,
    rule,
    removes,
    ...defined({ oldest: at }),
  });
  return [
    of(
      'messages that nobody fetched',
      `setting keep-uncollected, ${settingsTable['keep-uncollected'].default} days where none is set`,
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

/** Days that a person reads; --json has all. */
const SHOWN = 31;

function daysText(days: PrivacyView['days']): string {
  if (days.length === 0) return 'No day before yesterday can be read any more: nothing of it is kept.';
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
    'Days that can still be read, here and in backups of before, and what keeps them (messages):',
    table(['DAY', 'LEFT', 'NOT FETCHED', 'DELETED', 'QUEUE', 'MAILBOXES', 'UNTIL'], shown),
    ...(days.length > SHOWN ? [`${days.length - SHOWN} more days: --json has them.`] : []),
    'LEFT was fetched and not deleted: it stays, and keeps what others deleted on that day readable in backups of before, until its owner deletes it or "sluis message erase" does. QUEUE goes when it was sent, released or given up.',
  ].join('\n');
}

const reportText = (rules: readonly Rule[], { organisations, moreOrganisations, days }: PrivacyView): string =>
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
    'docs/privacy.md has every table and column. "sluis organisation set NAME purpose=... legal-basis=... processor-agreement=..." says what is missing.',
  ].join('\n\n');
