/**
 * The summary of a bundle: what a person reads first, and what a court will quote. It is plain text
 * with lines of at most 300 characters.
 */
import { many } from '../domain/counted.ts';
import { visible } from '../domain/visible.ts';
import type { Piece } from '../trail/proofs.ts';
import { copyStates, factText } from './delivery-views.ts';
import type { CopyView } from './delivery-views.ts';
import type { UsedCertificate } from './evidence-certificates.ts';
import type { Filed, Gathered, Submission } from './evidence-facts.ts';

const MOST = 300;

export interface BundleFacts extends Gathered {
  readonly hostname: string;
  readonly asked: string;
  /** When the bundle was made, in ISO 8601. */
  readonly made: string;
  readonly actor: string;
  readonly reason: string;
  readonly pieces: readonly Piece[];
  /** SHA-256 of the certificate that signs the bundle. */
  readonly fingerprint: string;
  /** Last row of the trail when the bundle was made. */
  readonly head: { readonly seq: number; readonly hash: string };
}

const line = (name: string, value: string): string => `${name.padEnd(14)}${visible(value, MOST)}`;
const time = (iso: string): string => `${iso.slice(0, 19).replace('T', ' ')} UTC`;

export const summaryText = (b: BundleFacts): string =>
  [
    ['EVIDENCE ABOUT ONE MESSAGE', ''],
    [
      line('Gateway', b.hostname),
      line('Asked for', b.asked),
      line('Made', `${time(b.made)} by ${b.actor}`),
      line('Reason', b.reason),
      line('Found', many(b.submissions.length, 'submission')),
      '',
    ],
    ...b.submissions.map((submission, n) => submissionText(submission, n + 1, b.submissions.length)),
    certificatesText(b.certificates),
    proofText(b),
    ...(b.missing.length === 0
      ? []
      : [['WHAT IS NOT HERE', ...b.missing.map((text) => `- ${visible(text, MOST)}`), '']]),
  ]
    .flat()
    .join('\n');

function submissionText(s: Submission, n: number, of: number): string[] {
  return [
    `SUBMISSION ${n} OF ${of}: ${s.id}`,
    ...messageText(s),
    ...listText('Recipients', s.copies.map(copyText)),
    ...listText(
      'Protected copies',
      s.protected.map((p) =>
        p.sha256 === undefined
          ? `${p.id}: opened for its addressee, whose alone its size and hash are`
          : `${p.id}: ${p.octets} octets, SHA-256 ${p.sha256}`,
      ),
    ),
    ...listText(
      'Parts as they were submitted',
      s.parts.map(
        (p) =>
          `${p.part} ${p.type}${p.name === undefined ? '' : ` "${p.name}"`}: ${p.octets} octets, SHA-256 ${p.sha256}`,
      ),
    ),
    ...listText(
      'Interchanges',
      s.interchanges.map(
        (i) =>
          `part ${i.part}, ${i.format}: from ${i.sender} to ${i.recipient}, reference ${i.reference}, control totals ${i.controls}${i.test ? ', a test' : ''}`,
      ),
    ),
    ...listText(
      'Notices',
      s.notices.map((each) => `${each.kind}, ${time(each.received)}: ${each.copies.map(copyText).join('; ')}`),
    ),
    ...listText(
      'What happened',
      s.events.map(
        (e) =>
          `row ${e.seq}, ${time(e.at)}: ${e.event} ${e.outcome}${e.account === undefined ? '' : ` account=${e.account}`} ${factsText(e.facts)}${e.erased ? ' (who and where were erased)' : ''}`,
      ),
    ),
    '',
  ];
}

function messageText({ message: m, quirks, events, protected: made }: Submission): string[] {
  if (m === undefined)
    return [
      line(
        'Facts',
        events.some(({ outcome }) => outcome === 'failure') ? 'none are kept; see what happened' : 'no longer kept',
      ),
    ];
  return [
    line('Message-ID', m.messageId),
    line('Accepted', time(m.received)),
    line('Account', m.account ?? 'the gateway itself'),
    line('Sender', m.sender),
    line('Size', `${m.octets} octets`),
    line('SHA-256', m.sha256),
    line('Content', contentText(m, made)),
    line('Tolerated', quirks === '' ? 'nothing: it was filed as it was sent' : quirks),
  ];
}

const contentText = ({ content }: Filed, made: readonly Pick<Filed, 'content'>[]): string =>
  content === 'kept'
    ? 'still kept by the gateway'
    : made.some((copy) => copy.content === 'kept')
      ? 'still kept as it was filed for its recipients, no longer as it was submitted'
      : 'no longer kept';

function copyText(copy: CopyView): string {
  const where = copy.partner === undefined ? `mailbox ${copy.account ?? 'unknown'}` : `partner ${copy.partner}`;
  const waits = copy.state === 'waiting' && copy.partner === undefined;
  const state = waits ? 'not collected yet' : (copyStates[copy.state] ?? copy.state);
  const reply = copy.delivery?.lastReply === undefined ? '' : `, reply "${copy.delivery.lastReply}"`;
  const settled = copy.delivery?.settled === undefined ? '' : ` ${time(copy.delivery.settled)}`;
  return `${copy.recipient} (${where}): ${state}${settled}${reply}${copy.protection === undefined ? '' : `; ${copy.protection}`}`;
}

const USES: Readonly<Record<UsedCertificate['use'], string>> = {
  login: 'the sender logged in with',
  signer: 'signed with',
  recipient: 'encrypted to',
  verified: 'came with a signature of',
};

const certificatesText = (used: readonly UsedCertificate[]): string[] =>
  used.length === 0
    ? []
    : [
        'CERTIFICATES, AS THEY STOOD WHEN THEY WERE USED',
        ...used.map((c) =>
          visible(
            `- ${USES[c.use]} ${c.subject ?? 'a certificate that is not registered here'}, ${time(c.at)}: ${c.standing}` +
              `${c.revoked === undefined ? '' : ` (taken back ${time(c.revoked.at)})`}; SHA-256 ${c.fingerprint}`,
            MOST,
          ),
        ),
        '',
      ];

function proofText({ rows, pieces, fingerprint, head }: BundleFacts): string[] {
  const loose = pieces.filter(({ anchor }) => anchor === undefined);
  return [
    'PROOF',
    `${rows.length} rows of the audit trail stand whole in trail.jsonl; pieces of its hash chain: ${pieces.length}.`,
    loose.length === 0
      ? 'Each piece leads to a head of the trail that was signed at that time (anchors.jsonl).'
      : `${pieces.length - loose.length} pieces lead to a head of the trail that was signed at that time (anchors.jsonl); for the other ${loose.length} the signature of this file is all there is.`,
    ...stampsText(pieces),
    `When this was made the trail ended with row ${head.seq}, hash ${head.hash}.`,
    'HOW-TO-CHECK.txt tells how to check this file with openssl. Its signature is by the certificate with SHA-256',
    fingerprint,
    '',
  ];
}

/**
 * Time stamps matter for a court that asks for the day: what an authority has stamped, nobody here
 * could have made later.
 */
function stampsText(pieces: readonly Piece[]): string[] {
  const stamps = pieces.flatMap(({ stamp }) => stamp ?? []);
  if (stamps.length === 0) return [];
  const shown = stamps.slice(0, MOST_STAMPS);
  return [
    `${stamps.length} of ${pieces.length} pieces lead to a head that a time-stamping authority stamped (RFC 3161, timestamps.jsonl):`,
    ...shown.map(({ anchor, at }) => `- the trail up to row ${anchor.seq} was as it stands here at ${time(at)}`),
    ...(shown.length < stamps.length ? [`- and ${stamps.length - shown.length} more`] : []),
  ];
}
const MOST_STAMPS = 20;

const listText = (title: string, rows: readonly string[]): string[] =>
  rows.length === 0 ? [] : ['', title, ...rows.map((row) => `- ${visible(row, MOST)}`)];

const factsText = (facts: Submission['events'][number]['facts']): string =>
  Object.entries(facts).map(factText).join(' ');
