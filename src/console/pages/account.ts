/**
 * One page for a call to the helpdesk about an account: who it is, how it last logged in, what it
 * was refused and why, what waits for it, and what to do next.
 */
import { type Hole, type Html, html } from '../../http/html.ts';
import type { Language } from '../../domain/registry.ts';
import type { Asked, Page } from '../core/page.ts';
import { sizeOf, timeOf } from '../../web/core/times.ts';
import { card, facts, list, note, organisationLink, state, table } from '../../web/look/parts.ts';
import { ACCOUNT_MESSAGES, seesMessages } from './account-messages.ts';
import { ACCOUNT } from './account-words.ts';
import { doneNote } from '../parts/deed.ts';
import { DEEDS, deedsFor } from './deeds.ts';
import { refusalWords } from './refusal-words.ts';
import { STATES, toneOf } from '../../web/parts/states.ts';

type Words = (typeof ACCOUNT)['nl'];
type Shown = Awaited<ReturnType<typeof ask>>;
type Recent = NonNullable<Shown['logins']>[number];

const ask = async ({ operate, params: { login = '' } }: Asked) => await operate('account.show', { login, all: true });

export const account: Page = {
  method: 'GET',
  path: '/accounts/{login}',
  access: 'read',
  run: async (asked) => {
    const words = ACCOUNT[asked.language];
    const shown = await ask(asked);
    return {
      kind: 'page',
      title: `${words.title} ${shown.login}`,
      body: html`${doneNote(asked, DEEDS)}
${heldBack(asked.language, words, shown)}
${deeds(asked, words, shown)}
<div class="cards">
${card(words.who, whoItIs(asked.language, words, shown))}
${card(words.mailbox, mailbox(asked.language, words, shown))}
${shown.logins === undefined ? undefined : card(words.logins, shown.logins.length === 0 ? html`<p>${words.noLogins}</p>` : list(shown.logins.map((one) => logInText(asked.language, words, one))))}
${shown.refusals === undefined ? undefined : card(words.refusals, shown.refusals.length === 0 ? html`<p>${words.noRefusals}</p>` : list(shown.refusals.map((one) => refusalText(asked.language, words, one))))}
${shown.sessions === undefined || shown.sessions.length === 0 ? undefined : card(words.sessions, list(shown.sessions.map((one) => html`${one.protocol}, ${one.address}, ${timeOf(one.since, asked.language)}`)))}
</div>
${card(words.passwords, passwords(asked.language, words, shown))}
${differing(shown).length === 0 ? undefined : card(words.settings, settings(words, shown))}`,
    };
  },
};

function heldBack(language: Language, words: Words, { standing = [] }: Shown): Html | undefined {
  if (standing.length === 0) return undefined;
  const states = STATES[language];
  const item = ({ what, at, by, reason }: (typeof standing)[number]): Html => {
    const own = what.replace(/^organisation /, '');
    const whose = own === what ? words.thisAccount : words.itsOrganisation;
    return html`${whose}: ${state(toneOf(own), states[own] ?? own)}, ${timeOf(at, language)}${by === undefined ? '' : `, ${words.by} ${by}`}${reason === undefined ? '' : `: ${reason}`}`;
  };
  return note('warn', html`<p><b>${words.standing}</b></p>${list(standing.map(item))}`);
}

/** Buttons of the deeds that make sense now and that the visitor may do. */
function deeds(asked: Asked, words: Words, shown: Shown): Html | undefined {
  const offered = deedsFor(asked, shown);
  const messages = seesMessages(asked)
    ? html`<li><a class="button second" href="/accounts/${shown.login}/messages">${ACCOUNT_MESSAGES[asked.language].button}</a></li>`
    : undefined;
  if (offered.length === 0 && messages === undefined) return undefined;
  return card(
    words.next,
    html`<ul class="deeds">${messages}${offered.map(({ name, words: said }) => html`<li><a class="button second" href="/accounts/${shown.login}/${name}">${said[asked.language].button}</a></li>`)}</ul>`,
  );
}

const whoItIs = (language: Language, words: Words, shown: Shown): Html =>
  facts([
    [words.organisation, organisationLink(shown.organisation)],
    [words.kind, shown.kind],
    [words.state, state(toneOf(shown.state), STATES[language][shown.state] ?? shown.state)],
    [words.ends, shown.ends === undefined ? undefined : timeOf(shown.ends, language)],
    [
      words.addresses,
      shown.addresses.length === 0
        ? words.none
        : list(
            shown.addresses.map(
              (one) =>
                html`${one.address}${one.state === 'active' ? '' : ` (${STATES[language][one.state] ?? one.state})`}`,
            ),
          ),
    ],
    [words.sendsAs, shown.sendsAs.join(', ')],
    [words.unscanned, unscanned(language, words, shown)],
    [
      words.away,
      shown.absences === undefined || shown.absences.length === 0
        ? undefined
        : list(
            shown.absences.map(
              (one) =>
                html`${one.address}: ${timeOf(one.from, language)} - ${one.lastDay}${one.substitute === undefined ? '' : `, ${one.substitute}`}`,
            ),
          ),
    ],
  ]);

/**
 * What of this account's mail is not scanned, and until when. Undefined if everything is scanned.
 */
function unscanned(language: Language, words: Words, { scanExempt, scanExemptEdi = [] }: Shown): Html | undefined {
  const until = (at: string): Hole => (at === 'no end' ? words.untilEnded : timeOf(at, language));
  const all = [
    ...(scanExempt === undefined ? [] : [html`${words.allMail}: ${until(scanExempt)}`]),
    ...scanExemptEdi.map(
      ({ ediFrom, ediTo, until: at }) =>
        html`${words.interchanges} ${ediFrom}${ediTo === undefined ? '' : ` -> ${ediTo}`}: ${until(at)}`,
    ),
  ];
  return all.length === 0 ? undefined : list(all);
}

const mailbox = (language: Language, words: Words, shown: Shown): Html =>
  facts([
    [words.messages, shown.messages],
    [
      words.size,
      `${sizeOf(shown.used, language)} ${words.of} ${shown.settings.find(({ name }) => name === 'quota')?.value ?? '-'}`,
    ],
    [words.oldest, shown.oldest === undefined ? undefined : timeOf(shown.oldest, language)],
    [
      words.fetched,
      shown.fetched === undefined
        ? shown.logins === undefined
          ? undefined
          : words.never
        : timeOf(shown.fetched.at, language),
    ],
    [words.lastLogin, shown.lastLogin ?? words.never],
  ]);

const from = (words: Words, { network }: Recent): string => (network === undefined ? '' : ` ${words.from} ${network}`);
const times = (words: Words, n: number): string => (n > 1 ? `, ${n} ${words.times}` : '');

const logInText = (language: Language, words: Words, one: Recent): Html =>
  html`${timeOf(one.at, language)}: ${String(one.facts.protocol ?? '')}${from(words, one)}${one.client === undefined ? '' : `, ${words.program} ${one.client}`}${times(words, Number(one.facts.logins ?? 1))}`;

function refusalText(language: Language, words: Words, one: Recent): Html {
  const what =
    one.event === 'message.refused'
      ? `${words.mail}${one.to === undefined ? '' : ` ${words.to} ${one.to}`}`
      : `${words.logIn}, ${String(one.facts.protocol ?? '')}${from(words, one)}`;
  const why = refusalWords(one.facts.reason, language);
  const told: Hole =
    why === undefined
      ? [
          one.text === undefined ? undefined : html`<br>${words.reply}: <span lang="en">${one.text}</span>`,
          one.cause === undefined ? undefined : html`<br><span lang="en">${one.cause}.</span>`,
        ]
      : html`<br>${why}`;
  return html`${timeOf(one.at, language)}: ${what}${times(words, Number(one.facts.count ?? 1))}${told}`;
}

function passwords(language: Language, words: Words, shown: Shown): Html {
  const rows: (readonly Hole[])[] = [
    ...shown.passwords.map((one) => [
      words.password,
      one.name,
      used(language, words, one.lastUsed),
      ends(language, one.ends),
    ]),
    ...shown.appPasswords.map((one) => [
      words.appPassword,
      one.name,
      used(language, words, one.lastUsed),
      ends(language, one.ends),
    ]),
    ...shown.certificates.map((one) => [
      words.certificate,
      one.name,
      used(language, words, one.lastUsed),
      ends(language, one.ends),
    ]),
    ...shown.codes.map((one) => [words.code, one.password ?? one.for, words.unused, ends(language, one.expires)]),
  ];
  return rows.length === 0
    ? html`<p>${words.noPasswords}</p>`
    : table(words.passwords, [words.kind, words.name, words.used, words.endsAt], rows);
}
const used = (language: Language, words: Words, at: string | undefined): Hole =>
  at === undefined ? words.never : timeOf(at, language);
const ends = (language: Language, at: string | undefined): Hole => (at === undefined ? '' : timeOf(at, language));

const differing = ({ settings: all }: Shown): Shown['settings'] => all.filter(({ from: by }) => by !== 'default');

const settings = (words: Words, shown: Shown): Html =>
  table(
    words.settings,
    [words.setting, words.value, words.decided],
    differing(shown).map((one) => [one.name, one.value, one.from]),
  );
