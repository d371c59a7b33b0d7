/**
 * docs/replies.md: every reply that a peer can get, from the tables that the code makes them of;
 * and the lock on their codes.
 *
 * A program of a vendor acts on codes, so a code that changes and a reply that goes are news for
 * operators: the lock keeps them until the next release, and a test wants each named in
 * CHANGELOG.md.
 */
import { pgpPlanRows } from '../crypto/pgp/plan.ts';
import { smimeRows } from '../crypto/smime/plan.ts';
import { guardRows } from '../domain/edi-verdict.ts';
import { policyRows } from '../domain/policy.ts';
import { quirkRows } from '../domain/quirks.ts';
import type { RefusalRow } from '../domain/refusal.ts';
import { dutchReplies } from '../domain/replies-dutch.ts';
import { cell } from './cell.ts';
import { chainRows } from '../middleware/chain.ts';
import { pgpRows } from '../protection/pgp-protect.ts';
import { protectRows } from '../protection/protect.ts';
import { scanRows } from '../scan/rules.ts';
import { type TroubleRow, quirkTroubleRows, troubleRows } from '../pop3/replies.ts';
import { envelopeRows } from '../smtp/envelope.ts';
import { replyRows, successes } from '../smtp/replies.ts';
import { submissionRows } from '../submission/refusals.ts';
import { testRows } from '../submission/test-address.ts';

type Rows<Row> = Readonly<Record<string, Row>>;

const smtp: readonly (readonly [string, Rows<RefusalRow>])[] = [
  ['Connection, TLS, login, order of commands', replyRows],
  ['Arguments of MAIL and RCPT', envelopeRows],
  ['Addressees', policyRows],
  ['Senders, limits, content', submissionRows],
  ['Habits of old programs', quirkRows],
  ['Signing and encrypting', { ...smimeRows, ...pgpPlanRows, ...protectRows, ...pgpRows, ...chainRows }],
  ['Malware', scanRows],
  ['Interchanges', guardRows],
  ['The test address', testRows],
];

const pop3: readonly (readonly [string, Rows<TroubleRow>])[] = [
  ['Answers of POP3', troubleRows],
  ['Habits of old programs, in POP3', quirkTroubleRows],
];

/** All rows of SMTP refusals, by name. */
export const smtpRows: readonly (readonly [string, RefusalRow])[] = smtp.flatMap(([, rows]) => Object.entries(rows));
export const pop3Rows: readonly (readonly [string, TroubleRow])[] = pop3.flatMap(([, rows]) => Object.entries(rows));

const shown = (text: string): string => cell(text.replace(/\{(\w+)\}/g, '*$1*'));
/** Every text says what to do behind its last semicolon. */
export const saidIn = (text: string): string => {
  const said = text.slice(text.lastIndexOf(';') + 1).trim();
  return said.charAt(0).toUpperCase() + said.slice(1);
};

const inBoth = (name: string, text: string): string =>
  shown(dutchReplies[name] === undefined ? text : `${text} / ${dutchReplies[name]}`);

const again = (reply: number): string => (reply >= 500 ? 'no' : reply === 421 ? 'yes, connect again' : 'yes');

const refusalLine = ([name, { reply, status, text, cause, remedy }]: readonly [string, RefusalRow]): string =>
  `| \`${name}\` | ${reply} ${status} | ${inBoth(name, text)} | ${cell(cause)} | ${shown(remedy ?? saidIn(text))} | ${again(reply)} |`;

const troubleLine = ([name, { code, text, cause, remedy }]: readonly [string, TroubleRow]): string =>
  `| \`${name}\` | ${code === undefined ? '' : `[${code}]`} | ${inBoth(name, text)} | ${cell(cause)} | ${cell(remedy)} | ${
    code === 'SYS/TEMP' || code === 'IN-USE' ? 'yes' : 'no'
  } |`;

const HEAD = ['| name | code | text | cause | what helps | again? |', '| --- | --- | --- | --- | --- | --- |'];

export function writeReplies(): string {
  const lines = [
    '# Replies',
    '',
    'Every reply that a client can get, for vendors of mail programs and for whoever reads a log. Codes and names stay the same between versions; one that',
    'changes or goes is named in `CHANGELOG.md` first. Texts may be reworded: act on codes, show texts. *Italics* stand for a value of the moment.',
    '',
    '- **SMTP**: the code of RFC 5321, then the status of RFC 3463. 4yz: keep the message and try again, unchanged, after 1, 5, 15, 30 minutes, then',
    '  hourly, for some days; 421 closes the connection as well. 5yz: do not repeat, show the text to a person. After a lost connection without a reply: send',
    '  again with the same Message-ID, the gateway files it once. A reply to RCPT is about that recipient alone; one to DATA or the final dot',
    '  about the whole message.',
    '- **POP3**: `-ERR`, a code of RFC 2449 and RFC 3206 in brackets, a text. `[AUTH]`: the login is wrong, ask a person. `[IN-USE]` and `[SYS/TEMP]`:',
    '  nothing is wrong with it, try again after a minute. `[SYS/PERM]`: repeating does not help. What stands behind `+OK` is for people, but for the numbers',
    '  that RFC 1939 names.',
    '',
    'What a mail program shows to a person is there in English and, behind a slash, in Dutch, if both fit into the line of 512 octets.',
    'Behind "the helpdesk" and "de helpdesk" a reply has name, telephone and hours in brackets, as `[helpdesk]` of the configuration has them; if the line has no space for both, in the Dutch half alone.',
    '',
    'This page is written from the tables of the code by `npm run docs`; no reply can be made that is in none of them.',
    '',
    '<!-- contents: written by "npm run docs" -->',
    '<!-- end of contents -->',
  ];
  for (const [title, rows] of smtp)
    lines.push('', `## ${title}`, '', ...HEAD, ...Object.entries(rows).map(refusalLine));
  lines.push('', '## Good replies', '', '| name | code | text |', '| --- | --- | --- |');
  for (const [name, { reply, status, text }] of Object.entries(successes))
    lines.push(`| \`${name}\` | ${reply} ${status} | ${shown(text)} |`);
  for (const [title, rows] of pop3)
    lines.push('', `## ${title}`, '', ...HEAD, ...Object.entries(rows).map(troubleLine));
  return `${lines.join('\n')}\n`;
}

/** A line for each reply: what a program can act on. */
export const repliesNow = (): string[] => [
  ...smtpRows.map(([name, { reply, status }]) => `smtp ${name} ${reply} ${status}`),
  ...Object.entries(successes).map(([name, { reply, status }]) => `smtp ${name} ${reply} ${status}`.trim()),
  ...pop3Rows.map(([name, { code }]) => `pop3 ${name} ${code ?? '-'}`),
];

/** The lock with what is new added; nothing leaves it but by hand, at a release. */
export function writeLock(lock: string): string {
  const lines = new Set([...lock.split('\n').filter((line) => line !== ''), ...repliesNow()]);
  return `${[...lines].sort().join('\n')}\n`;
}
