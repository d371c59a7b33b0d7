/**
 * The words of everything that the gateway mails and prints for people: those of docs/style.md, in
 * sentences of at most twenty words, and in both languages the same.
 */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Judged } from '../../src/crypto/certificates/gateway-certificates.ts';
import { GATEWAY_CERTIFICATE_KINDS } from '../../src/crypto/certificates/gateway-certificates.ts';
import { observedLetters } from '../../src/notices/observed.ts';
import type { Address } from '../../src/domain/address.ts';
import type { Language } from '../../src/domain/registry.ts';
import { instant, octets } from '../../src/domain/units.ts';
import { LETTER_TEXT } from '../../src/ca/enrol/letter-text.ts';
import { keptLetters, substitutedLetters } from '../../src/letters/absence.ts';
import { backupLetters } from '../../src/letters/backup.ts';
import { breakGlassLetters } from '../../src/letters/break-glass.ts';
import { certificateLetters } from '../../src/letters/certificate.ts';
import { contactChangedLetters } from '../../src/letters/contact.ts';
import { delayedLetters, failedLetters, filedLetters, relayedLetters } from '../../src/letters/delivery.ts';
import { gatewayCertificateLetters } from '../../src/letters/gateway-certificate.ts';
import { heldForOperatorLetters, heldLetters } from '../../src/letters/held.ts';
import { type Block, type Letter, type Letters, writeLetter } from '../../src/letters/letter.ts';
import { asideLetters, stuckForOperatorLetters, stuckLetters } from '../../src/letters/stuck.ts';
import { twoReadersLetters, restoredLetters, withdrawnLetters } from '../../src/letters/mailbox.ts';
import { passwordCodeLetters } from '../../src/letters/password-code.ts';
import { quotaLetters } from '../../src/letters/quota.ts';
import { collectedLetters } from '../../src/letters/receipt.ts';
import { digestLetters, rhythmLetters } from '../../src/letters/overdue.ts';
import { expiredLetters, notCollectedLetters } from '../../src/letters/not-collected.ts';
import { mailedCodeLetters } from '../../src/letters/self-service-code.ts';
import { moveLetters } from '../../src/letters/takeover.ts';
import { webhookLetters } from '../../src/letters/webhook.ts';
import { quirkWords, ediWords } from '../../src/lint/words.ts';
import { EXPLANATIONS } from '../../src/protection/unopened-message.ts';
import { avoidedIn, tooLong } from '../support/words.ts';

const at = instant(Date.UTC(2026, 10, 25, 12));
const message = { at, messageId: 'x@y', id: 'M1', subject: 'S' };
const [login, organisation, name, host, network, telephone] = ['L', 'O', 'N', 'H', 'W', 'T'];
const recipients = ['a@b', 'c@d'];
const address = 'a@b' as Address;
const absent = { addressee: address, until: at, substitute: address };
const end = { message, recipients, status: '5.1.1', reply: 'no', at, remote: host, until: at };
const held = { message, recipients, reasons: Array.from({ length: 25 }, () => 'R') };
const collected = { message, recipients, organisation, at, tls: 'T', sha256: 'H', attachments: [] };
const waiting = { recipients, organisation, telephone, messages: [message], workingDays: 2, until: at, awayUntil: at };
const STUCK = { login, id: 'M1', at, sender: 'a@b', octets: 2000, sessions: 5, network };
const overdue = { login, organisation, oldest: at };
const code = { login, organisation, addresses: ['a@b'], name, code: 'C', expires: at };
const certificate = { subject: [], notAfter: at, serial: 'S', fingerprint: 'F' } as unknown as Judged['certificate'];
const STATUSES = ['5.1.1', '5.2.1', '5.2.2', '5.2.3', '5.4.7', '5.6.7', '5.7.10', '5.7.1', '5.0.0'];

/** Each letter, in each of its forms. */
const LETTERS: Readonly<Record<string, readonly Letters[]>> = {
  substitutedLetters: [
    substitutedLetters(
      message,
      Array.from({ length: 22 }, () => absent),
    ),
  ],
  keptLetters: [keptLetters(message, [absent])],
  backupLetters: (['backup', 'offsite', 'drill', 'keys', 'log'] as const).map((step) =>
    backupLetters({ step, why: 'W' }),
  ),
  breakGlassLetters: [breakGlassLetters({ network, at })],
  certificateLetters: (['login', 'mail'] as const).flatMap((use) =>
    [0, 1, 14].map((daysLeft) => certificateLetters({ login, use, subject: 'S', serial: 'S', notAfter: at, daysLeft })),
  ),
  contactChangedLetters: [contactChangedLetters({ organisation, at, now: { contact: '', telephone, post: ['P'] } })],
  failedLetters: [
    ...STATUSES.map((status) => failedLetters({ ...end, status })),
    failedLetters({ ...end, reason: 'R' }),
    failedLetters({ ...end, held: true }),
  ],
  delayedLetters: [delayedLetters(end)],
  relayedLetters: [relayedLetters(end)],
  filedLetters: [filedLetters({ message, recipients })],
  gatewayCertificateLetters: GATEWAY_CERTIFICATE_KINDS.flatMap((kind) =>
    [0, 14].map((left) =>
      gatewayCertificateLetters([{ kind, name, certificate, scope: '', keyHeld: false, replaced: false }], left),
    ),
  ),
  heldLetters: [heldLetters(held)],
  heldForOperatorLetters: [heldForOperatorLetters({ ...held, login })],
  restoredLetters: [1, 2].map((messages) => restoredLetters({ login, messages, reason: 'R', at, until: at })),
  stuckLetters: [stuckLetters(STUCK)],
  asideLetters: [asideLetters(STUCK), asideLetters({ login, id: STUCK.id, at, sender: '', octets: 0 })],
  stuckForOperatorLetters: [true, false].map((held) => stuckForOperatorLetters(STUCK, held)),
  twoReadersLetters: [twoReadersLetters({ login, networks: [network] })],
  withdrawnLetters: [withdrawnLetters({ message, recipients, late: recipients, reason: 'R' })],
  passwordCodeLetters: [true, false].flatMap((others) => [
    passwordCodeLetters({ ...code, others }),
    passwordCodeLetters({ ...code, others, page: 'P' }),
  ]),
  quotaLetters: [quotaLetters({ login, used: octets(9), quota: octets(10) })],
  collectedLetters: (['quit', 'twice', 'hung-up'] as const).map((by) =>
    collectedLetters({ ...collected, by, again: true }),
  ),
  notCollectedLetters: [1, 3].map((count) => notCollectedLetters({ ...waiting, count })),
  expiredLetters: [expiredLetters({ message, recipients, organisation, telephone, days: 30 })],
  rhythmLetters: [1, 2].map((messages) => rhythmLetters({ ...overdue, messages, rhythm: messages }, 30)),
  digestLetters: [
    digestLetters({ at, overdue: [{ ...overdue, messages: 1, rhythm: 1 }], mailboxes: 3, away: 1, expired: 1 }),
  ],
  mailedCodeLetters: [mailedCodeLetters({ login, code: 'C', expires: at })],
  moveLetters: (['announce', 'moved', 'reminder', 'back'] as const).flatMap((step) =>
    (['stay', 'change'] as const).map((programs) =>
      moveLetters({
        step,
        programs,
        organisation,
        day: { nl: 'D', en: 'D' },
        logins: [login],
        servers: { nl: ['S'], en: ['S'] },
      }),
    ),
  ),
  webhookLetters: (['paused', 'gone'] as const).flatMap((what) =>
    ['name', 'address', 'connection', 'certificate', 'timeout', 'broken', 'secret', 'status-500'].map((why) =>
      webhookLetters({ name, host, id: 'I', what, why }),
    ),
  ),
  observedLetters: [observedLetters(2, [])],
};

const textsOf = (block: Block): readonly string[] => {
  switch (block.kind) {
    case 'text':
      return [block.text];
    case 'facts':
      return [block.title, ...block.facts.flat()];
    case 'lines':
    case 'written':
      return [];
  }
};
const wordsOf = ({ subject, blocks }: Letter): readonly string[] => [subject, ...blocks.flatMap(textsOf)];

/** What stands in no letter of its own. */
const OTHERS: Readonly<Record<string, Readonly<Record<Language, readonly string[]>>>> = {
  ...{ 'letter on paper': { nl: LETTER_TEXT.nl.split(/\n+/), en: LETTER_TEXT.en.split(/\n+/) } },
  ...{ 'unopened message': { nl: EXPLANATIONS.nl('H'), en: EXPLANATIONS.en('H') } },
  ...Object.fromEntries(
    Object.entries({ ...quirkWords, ...ediWords }).map(([at, { nl, en }]) => [at, { nl: [nl], en: [en] }]),
  ),
};

const ALL: readonly (readonly [string, Language, string])[] = [
  ...Object.entries(LETTERS).flatMap(([of, letters]) =>
    letters.flatMap((one) =>
      (['nl', 'en'] as const).flatMap((language) =>
        wordsOf(one[language]).map((text) => [of, language, text] as const),
      ),
    ),
  ),
  ...Object.entries(OTHERS).flatMap(([of, words]) =>
    (['nl', 'en'] as const).flatMap((language) => words[language].map((text) => [of, language, text] as const)),
  ),
];

test('every letter that there is stands here', async () => {
  const folder = join(import.meta.dirname, '..', '..', 'src', 'letters');
  const names = [];
  for (const file of readdirSync(folder).filter((one) => one.endsWith('.ts')))
    names.push(...Object.keys((await import(join(folder, file))) as object).filter((one) => one.endsWith('Letters')));
  assert.deepEqual([...names, 'observedLetters'].sort(), Object.keys(LETTERS).sort());
});

test('no Dutch letter says a word that the list of docs/style.md has a better one for', () => {
  const found = ALL.flatMap(([of, language, text]) => {
    const word = language === 'nl' ? avoidedIn(text) : undefined;
    return word === undefined ? [] : [`${of}: ${word}: ${text}`];
  });
  assert.deepEqual([...new Set(found)], []);
});

test('letters are of sentences of at most twenty words, the closing too', () => {
  const closing = writeLetter({ nl: { subject: '', blocks: [] }, en: { subject: '', blocks: [] } }, 'nl', {
    address: 'H',
  });
  const texts = [...ALL, ['closing', 'nl', closing.lines.join(' ')] as const];
  const found = texts.flatMap(([of, language, text]) =>
    tooLong(text).map((sentence) => `${of} ${language}: ${sentence}`),
  );
  assert.deepEqual([...new Set(found)], []);
});

test('both languages of a letter say the same: the same blocks, in the same order', () => {
  for (const [of, letters] of Object.entries(LETTERS))
    for (const { nl, en } of letters)
      assert.deepEqual(
        nl.blocks.map(({ kind }) => kind),
        en.blocks.map(({ kind }) => kind),
        of,
      );
});
