/** The first page: is everything well, and what waits for a person? */
import { AdminError } from '../../admin/error.ts';
import type { OperationResult } from '../../admin/operations.ts';
import { grouped } from '../../crypto/keys/base32.ts';
import type { DoctorFinding } from '../../domain/doctor.ts';
import { hours } from '../../domain/units.ts';
import { type Hole, type Html, html } from '../../http/html.ts';
import { visitorOf } from '../../web/core/page.ts';
import type { Asked, Page } from '../core/page.ts';
import { timeOf } from '../../web/core/times.ts';
import { bars } from '../../web/look/bars.ts';
import { accountLink, card, facts, list, note, organisationLink, state, table } from '../../web/look/parts.ts';
import { isForOne } from '../parts/import.ts';
import { NEW_PRACTICE } from './imports.ts';
import { partnerLink } from './partners.ts';
import { searchForm } from './search.ts';
import { TODAY } from './today-words.ts';

type Words = (typeof TODAY)['nl'];

/** Findings that are shown; "sluis doctor" lists the rest. */
const MOST = 50;

export const today: Page = {
  method: 'GET',
  path: '/',
  access: 'read',
  run: async (asked) => {
    const words = TODAY[asked.language];
    const { organisation } = visitorOf(asked).session.holder;
    // An operator who acts for one organisation sees nothing of the gateway as a whole.
    if (organisation !== undefined)
      return {
        kind: 'page',
        title: words.title,
        body: html`${searchForm(asked.language)}${card(words.own, html`<p>${organisationLink(organisation)}</p>`)}`,
      };
    const [status, findings, approvals, traffic, backups, unread, queues] = await Promise.all([
      asked.operate('gateway.status', {}),
      asked.operate('gateway.findings', {}),
      asked.operate('approval.list', { limit: MOST }),
      asked.operate('gateway.traffic', {}),
      // Fails if no folder for backups is configured: then there are none.
      asked.operate('backup.list', {}).catch(nothing),
      asked.operate('account.list', { idle: QUIET_DAYS, waiting: true, limit: FEW + 1 }),
      asked.operate('queue.partners', {}),
    ]);
    return {
      kind: 'page',
      title: words.title,
      body: html`${headline(words, status.reasons)}${searchForm(asked.language)}${newPractice(asked)}<div class="cards">
${card(words.findings, findingsOf(words, findings, status.warnings))}
${card(words.approvals, approvals.length === 0 ? html`<p>${words.noApprovals}</p>` : waiting(asked, words, approvals))}
${card(words.gateway, gatewayFacts(asked, words, status))}
${card(words.traffic, trafficOf(asked, words, traffic))}
${card(words.backup, backupFacts(asked, words, backups.at(-1)))}
${card(words.unread, unreadOf(words, unread))}
${card(words.queue, queueOf(asked, words, queues))}
</div>`,
    };
  },
};

/** An empty list, if the operation refuses to answer. */
function nothing(error: unknown): readonly [] {
  if (error instanceof AdminError) return [];
  throw error;
}

/**
 * Days without a login after which an account with waiting mail is listed. A week is long enough
 * for a short holiday, and short enough to call before mail expires.
 */
const QUIET_DAYS = 7;
const FEW = 10;
const BACKUP_IN_TIME = hours(26);

function trafficOf(
  { language }: Asked,
  words: Words,
  { hours: byHour, days: byDay }: OperationResult<'gateway.traffic'>,
): Html {
  const number = new Intl.NumberFormat(language === 'nl' ? 'nl-NL' : 'en-GB');
  const [messages, accounts] = [byHour.map((one) => one.messages), byDay.map((one) => one.accounts)];
  const told = (sentence: string, values: Readonly<Record<string, number>>): string =>
    sentence.replace(/\{(\w+)\}/g, (_all, name: string) => number.format(values[name] ?? 0));
  const sum = messages.reduce((all, one) => all + one, 0);
  return html`${bars(messages, told(words.byHour, { sum, most: Math.max(0, ...messages) }))}
${bars(accounts, told(words.byDay, { today: accounts.at(-1) ?? 0, most: Math.max(0, ...accounts) }))}`;
}

interface Backup {
  readonly begun: string;
  readonly octets: number;
  readonly offsite?: { readonly at?: string | undefined } | undefined;
}
function backupFacts({ language, now }: Asked, words: Words, newest: Backup | undefined): Html {
  if (newest === undefined) return html`<p>${state('bad', words.noBackup)}</p>`;
  const isOld = now - Date.parse(newest.begun) > BACKUP_IN_TIME;
  return facts([
    [
      words.newest,
      html`${timeOf(newest.begun, language)}, ${state(isOld ? 'bad' : 'good', isOld ? words.oldBackup : words.fresh)}`,
    ],
    [
      words.elsewhere,
      newest.offsite === undefined ? words.none : newest.offsite.at && timeOf(newest.offsite.at, language),
    ],
  ]);
}

function unreadOf(words: Words, all: OperationResult<'account.list'>): Html {
  if (all.length === 0) return html`<p>${words.noUnread}</p>`;
  const items = all
    .slice(0, FEW)
    .map((one) => html`${accountLink(one.login)}: ${one.messages} ${words.waits} ${'since' in one ? one.since : ''}`);
  return html`<p>${words.unreadAbout}</p>${list(items)}${all.length > FEW ? html`<p><a class="button second" href="/accounts?inidle=${`${QUIET_DAYS}d`}&amp;inwaiting=yes">${words.all}</a></p>` : undefined}`;
}

function queueOf({ language, may }: Asked, words: Words, queues: OperationResult<'queue.partners'>): Html {
  const link = may('support') ? html`<p><a class="button second" href="/queue">${words.queue}</a></p>` : undefined;
  if (queues.length === 0) return html`<p>${words.noQueue}</p>${link}`;
  const items = queues
    .slice(0, FEW)
    .map(
      ({ partner, waiting: n, held, oldest }) =>
        html`${partnerLink(partner)}: ${n} ${words.waiting}${held === 0 ? '' : `, ${held} ${words.held}`}${oldest === undefined ? undefined : html`, ${words.oldest} ${timeOf(oldest, language)}`}`,
    );
  return html`${list(items)}${link}`;
}

const headline = (words: Words, reasons: readonly { readonly text: string }[]): Html =>
  reasons.length === 0
    ? note('good', html`<p>${words.well}</p>`)
    : note(
        'bad',
        html`<p><b>${words.notReady}</b></p>${list(reasons.map(({ text }) => html`<span lang="en">${text}</span>`))}`,
      );

function findingsOf(
  words: Words,
  findings: readonly Pick<DoctorFinding, 'severity' | 'what'>[],
  warnings: readonly string[],
): Html {
  const all: readonly Hole[] = [
    ...findings
      .slice(0, MOST)
      .map(
        ({ severity, what }) =>
          html`${state(severity === 'failure' ? 'bad' : 'warn', words.severity[severity])} <span lang="en">${what}</span>`,
      ),
    ...warnings.map((text) => html`${state('warn', words.look)} <span lang="en">${text}</span>`),
  ];
  return all.length === 0 ? html`<p>${words.noFindings}</p>` : list(all);
}

const newPractice = (asked: Asked): Html | undefined =>
  asked.may('registry') && !isForOne(asked)
    ? html`<p><a class="button second" href="${NEW_PRACTICE.path}">${NEW_PRACTICE.words[asked.language].title}</a></p>`
    : undefined;

interface Waiting {
  readonly id: string;
  readonly endsAt: string;
  readonly operation: string;
  readonly askedBy: string;
  readonly signedBy: readonly string[];
  readonly reason: string;
}
const waiting = ({ language }: Asked, words: Words, rows: readonly Waiting[]): Html =>
  html`${table(
    words.approvals,
    [words.request, words.operation, words.asked, words.signed, words.until, words.reason],
    rows.map((r) => [
      html`<a href="/approvals/${r.id}">${grouped(r.id)}</a>`,
      r.operation,
      r.askedBy,
      r.signedBy.join(', '),
      timeOf(r.endsAt, language),
      r.reason,
    ]),
  )}<p class="soft">${words.approve}</p>`;

interface Status {
  readonly version?: string | undefined;
  readonly since: string;
  readonly connections: number;
  readonly listeners: readonly { readonly closed: boolean }[];
  readonly partners: readonly { readonly name: string; readonly why: string }[];
  readonly drills: readonly { readonly text: string }[];
}
function gatewayFacts({ language }: Asked, words: Words, status: Status): Html {
  const silent = status.partners.filter(({ why }) => why !== '').map(({ name }) => name);
  return facts([
    [words.since, timeOf(status.since, language)],
    [words.version, status.version],
    [words.connections, status.connections],
    [words.listeners, status.listeners.filter(({ closed }) => !closed).length],
    [words.partners, silent.length === 0 ? words.none : silent.join(', ')],
    [words.drills, status.drills.length === 0 ? words.none : status.drills.map(({ text }) => text).join('; ')],
  ]);
}
