/**
 * `sluis account show`: the first thing that the helpdesk looks at during a call. Its first part is
 * at most 80 columns wide, so that it can be read out and mailed.
 */
import { accountOf } from '../admin/accounts.ts';
import type { StandingView } from '../admin/account-standing.ts';
import type { QuirkView } from '../admin/quirks.ts';
import type { SessionView } from '../admin/sessions.ts';
import { type AccountView, accountView, viewAccount } from '../admin/views.ts';
import { certificateTable } from './account-certificate.ts';
import { stateText } from '../cli/ending-text.ts';
import { facts, readableSize, readableTime, table, wrapped } from '../cli/output.ts';
import { appPasswordTable, codeTable, passwordTable } from '../cli/password.ts';
import { many } from '../domain/counted.ts';
import { mayDo } from '../domain/roles.ts';
import { type EndingView, type RecentView, type RecentViews, recentViews } from './account-recent.ts';
import { login } from './core/kinds.ts';
import { arg, flag } from './core/params.ts';
import { reads } from './core/row.ts';
import { settingViews } from './core/views.ts';
import { settingsPart } from './settings.ts';

const out = accountView.omit({ settings: true }).extend(recentViews.partial().shape).extend(settingViews);

/**
 * Fields that change by themselves. They are no part of the account as it is registered; with them
 * its ETag would change every minute.
 */
const RECENT = [
  ...['sessions', 'logins', 'refusals', 'fetched', 'oldest', 'standing', 'quirks', 'ending', 'absences'],
  ...['used', 'messages', 'lastLogin', 'lastUsed'],
];

/** The ids that the API adds, each with the field that names the thing. */
export const ACCOUNT_IDS = {
  accountId: 'login',
  organisationId: 'organisation',
  'addresses.addressId': 'address',
  'passwords.passwordId': 'name',
  'appPasswords.appPasswordId': 'id',
  'certificates.clientCertificateId': 'name',
} as const;
const REGISTERED = { drops: RECENT, ids: ACCOUNT_IDS };

export const show = reads({
  api: [
    { method: 'GET', path: '/accounts/{accountId}', ...REGISTERED },
    {
      method: 'POST',
      path: '/account-searches',
      id: 'searchAccount',
      about: 'find the account that has a login name, with its id',
      without: ['all'],
      ...REGISTERED,
    },
    {
      method: 'GET',
      path: '/accounts/{accountId}/activity',
      id: 'showAccountActivity',
      only: RECENT,
      without: ['all'],
    },
  ],
  about: 'show one account, its addresses, passwords, certificates and settings',
  in: {
    login: arg(login, 'the account'),
    all: flag('show every setting, also those that are default'),
  },
  out,
  right: 'read',
  examples: ['huisarts', 'huisarts --all'],
  run: async (context, { login: name, all }, { who }) => {
    const { registry, audit } = context.store;
    const { account } = await accountOf(registry, name);
    context.gateway?.writeCounted((one) => one === account.id);
    // Logins are written a moment after they happen. Asking for the head of the trail waits until
    // they are.
    await audit.head();
    const summary = await accountOf(registry, name);
    // Only the helpdesk sees from where somebody logs in, and what was refused.
    const isHelpdesk = mayDo(who.role, 'support');
    const [{ recentOf }, { shownSettings }] = await Promise.all([
      import('./account-recent.ts'),
      import('../admin/settings.ts'),
    ]);
    return {
      ...viewAccount(summary, context.clock.now()),
      ...(isHelpdesk ? await recentOf(context, summary) : {}),
      ...(await shownSettings(context, { scope: 'account', login: name }, all)),
    };
  },
  say: (a, { all }) => {
    const recent = a.sessions === undefined ? undefined : (a as RecentViews);
    return [
      facts([
        ['Account', a.login],
        ['Organisation', a.organisation],
        ['Kind', a.kind],
        ['State', stateText(a.state, a.ends)],
        ['Mailbox', `${many(a.messages, 'message')}, ${readableSize(a.used)}`],
        ['Oldest not fetched', readableTime(recent?.oldest)],
        ['Last fetched', recent === undefined ? undefined : fetchedText(recent)],
        ['Last login', a.lastLogin ?? 'never'],
        ['Malware scanning', exemptText(a.scanExempt)],
        ['Unscanned interchanges', a.scanExemptEdi?.map(interchangesText).join('; ')],
        ['Sends as', a.sendsAs.join(', ')],
      ]),
      '',
      ...(recent === undefined ? [] : [recentText(recent), '']),
      a.addresses.length === 0
        ? 'Addresses: none'
        : table(
            ['ADDRESS', 'STATE'],
            a.addresses.map((x) => [x.address, stateText(x.state, x.ends)]),
          ),
      '',
      passwordTable(a.passwords),
      ...(a.appPasswords.length === 0 ? [] : ['', appPasswordTable(a.appPasswords)]),
      ...(a.codes.length === 0 ? [] : ['', codeTable(a.codes)]),
      '',
      certificateTable(a.certificates),
      settingsPart(a, all),
    ].join('\n');
  },
});

/** Undefined if the account's mail is scanned as usual: then nothing is said about it. */
const exemptText = (until: string | undefined): string | undefined =>
  until === undefined
    ? undefined
    : `exempt ${until === 'no end' ? 'until it is ended' : `until ${readableTime(until)}`}`;

const interchangesText = ({ ediFrom, ediTo, until }: NonNullable<AccountView['scanExemptEdi']>[number]): string =>
  `of ${ediFrom} to ${ediTo ?? 'anybody'} until ${readableTime(until)}`;

const INDENT = '    ';
/** A title with a list below it; each item may have several lines. */
const part = (title: string, none: string, items: readonly string[]): string =>
  items.length === 0 ? `${title}: ${none}` : [title, ...items].join('\n');
const item = (text: string): string => wrapped(text, '  ', INDENT);
const more = (text: string): string => wrapped(text, INDENT, INDENT);
const time = (iso: string): string => readableTime(iso);

const recentText = (recent: RecentViews): string => {
  const { standing, sessions, logins, refusals, quirks, ending, absences } = recent;
  return [
    ...(standing.length === 0 ? [] : [part('What holds it back', '', standing.map(standingText))]),
    part('Open sessions', 'none', sessions.map(sessionText)),
    part('Last logins', 'none in the trail', logins.map(loginText)),
    part('Last refusals', 'none in the trail', refusals.map(refusalText)),
    ...(quirks.length === 0 ? [] : [part('Habits of its programs in four weeks', '', quirks.map(quirkText))]),
    ...(ending.length === 0 ? [] : [part('Certificates that end', '', ending.map(endingText))]),
    ...(absences.length === 0
      ? []
      : [
          part(
            'Absences',
            '',
            absences.map((a) =>
              item(
                `${a.address} is away from ${time(a.from)} up to and including ${a.lastDay} (${a.mode}${a.substitute === undefined ? '' : `, ${a.substitute} instead`})`,
              ),
            ),
          ),
        ]),
  ].join('\n\n');
};

const standingText = ({ what, at, by, reason }: StandingView): string =>
  item(`${time(at)}  ${what}${by === undefined ? '' : ` by ${by}`}${reason === undefined ? '' : `: ${reason}`}`);

const fetchedText = ({ fetched }: RecentViews): string =>
  fetched === undefined
    ? 'never, as far as the trail goes'
    : `${time(fetched.at)}${from(fetched)}: ${Number(fetched.facts.retrieved)} fetched, ${Number(fetched.facts.deleted)} removed`;

const from = ({ network }: Pick<RecentView, 'network'>): string => (network === undefined ? '' : ` from ${network}`);
const times = (n: number): string => (n === 1 ? '' : `, ${n} times`);

function sessionText({ id, protocol, address, since, state, tls, cipher, client, read, written }: SessionView): string {
  const line = [tls, cipher].filter((name) => name !== undefined).join(' ');
  return [
    item(`${id}  ${protocol} from ${address} since ${time(since)}, ${state}`),
    more(
      `${line}${client === undefined ? '' : `, calls itself ${client}`}, ${readableSize(read)} read, ${readableSize(written)} written`,
    ),
  ].join('\n');
}

function loginText(view: RecentView): string {
  const { at, facts, client } = view;
  const by =
    facts.certificate === undefined || facts.certificate === true
      ? facts.password === undefined
        ? facts.certificate === true
          ? 'a certificate'
          : 'a password'
        : `password "${String(facts.password)}"`
      : `certificate "${String(facts.certificate)}"`;
  const line = [facts.tls, facts.cipher].filter((name) => name !== undefined).join(' ');
  const how = [line, client === undefined ? '' : `calls itself ${client}`].filter((text) => text !== '').join(', ');
  return [
    item(
      `${time(at)}  ${String(facts.protocol)}${from(view)}, ${by}${times(Number(facts.logins ?? 1))}${typeof facts.since === 'string' ? ` since ${time(facts.since)}` : ''}`,
    ),
    ...(how === '' ? [] : [more(how)]),
  ].join('\n');
}

function refusalText(view: RecentView): string {
  const { at, event, facts, to, text, cause, remedy } = view;
  const count = times(Number(facts.count ?? 1));
  const what =
    event === 'message.refused'
      ? `mail${to === undefined ? '' : ` to ${to}`}, ${facts.reply === undefined ? '' : `${String(facts.reply)} `}${String(facts.status)}${count}`
      : `login, ${String(facts.protocol)}${from(view)}${count}`;
  return [
    item(`${time(at)}  ${what}`),
    ...(text === undefined ? [] : [more(`Reply: ${text}`)]),
    ...(cause === undefined ? [] : [more(`Cause: ${cause}`)]),
    // Many replies already end with what to do.
    ...(remedy === undefined || text?.toLowerCase().endsWith(remedy.toLowerCase()) === true
      ? []
      : [more(`Helps: ${remedy}`)]),
  ].join('\n');
}

function quirkText({ quirk, about, tolerated, refused, client }: QuirkView): string {
  const seen = [...(tolerated === 0 ? [] : [`${tolerated} seen`]), ...(refused === 0 ? [] : [`${refused} refused`])];
  return item(`${quirk}: ${seen.join(', ')}${client === undefined ? '' : `, by ${client}`}: ${about}`);
}

const endingText = ({ use, name, ends }: EndingView): string => item(`${time(ends)}  for ${use}: ${name}`);
