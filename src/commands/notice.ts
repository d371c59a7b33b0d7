/**
 * `sluis notice send`: tells organisations something, for example when the gateway will be down.
 */
import { type NotTold, type SendingView, sendingView } from '../admin/notice-send.ts';
import { organisation } from './core/kinds.ts';
import { naming, ofText, text } from './core/kind.ts';
import { fileOf } from './core/files.ts';
import { arg, flag, many, opt } from './core/params.ts';
import { changes } from './core/row.ts';
import { subject } from './core/subject.ts';

/**
 * The limit is larger than a letter may be, so that a text that is too long is refused with its
 * length.
 */
const written = fileOf(
  'file',
  { en: 'plain text of at most 64KiB', nl: 'platte tekst van hoogstens 64KiB' },
  128 * 1024,
);
const sendingId = naming(
  'other',
  ofText(
    'text',
    { en: 'letters, digits, "-", "_" and ".", at most 64', nl: 'letters, cijfers, "-", "_" en ".", hoogstens 64' },
    (value) => (/^[\w.-]+$/.test(value) ? value : undefined),
    64,
  ),
);

export const notices = subject('notice', 'messages of the operator to organisations', {
  send: changes({
    about: 'write to the contacts of organisations, each once; never into the mailbox of a system',
    in: {
      text: arg(written, 'plain text, UTF-8, at most 64 KiB; - for standard input'),
      organisation: many(organisation, 'to this organisation; may be given several times'),
      all: flag('to all organisations'),
      en: opt(written, 'the same in English; each gets both, its own language first'),
      subject: opt(text('text', 120), 'of the message'),
      id: opt(sendingId, 'of the sending: whoever has one of this id gets no second; without it the texts decide'),
      dryRun: flag('show who would get it and send nothing'),
    },
    out: sendingView,
    right: 'registry',
    trail: ['notice.sending', 'notice.sent'],
    undo: 'another notice: nothing takes a letter back',
    examples: ['letter.txt --all --dry-run', 'letter.txt --organisation praktijk-jansen --subject Onderhoud'],
    progress: { phase: 'Writing', unit: 'organisations' },
    check: ({ all, organisation: named }) =>
      all === named.length > 0 ? 'Cannot send: give --organisation NAME or --all' : undefined,
    run: async (context, wanted, call) => {
      const { sendNotice } = await import('../admin/notice-send.ts');
      return await sendNotice(context, wanted, call);
    },
    say: sendingText,
  }),
});

const mailboxes = (n: number): string => `${n} mailbox${n === 1 ? '' : 'es'}`;

function sendingText(done: SendingView): string {
  const { applied, id, told, before, shared, notTold, missing } = done;
  const rest = notTold - missing.length;
  return [
    ...(applied ? [] : done.mailboxes.map(({ organisation: name, address }) => `${name}: ${address}`)),
    `${mailboxes(told)} ${applied ? (told === 1 ? 'was' : 'were') : 'would be'} told. Sending ${id}.`,
    ...(before === 0 ? [] : [`${mailboxes(before)} had it before.`]),
    ...(shared === 0
      ? []
      : [`${shared} organisation${shared === 1 ? '' : 's'} more read${shared === 1 ? 's' : ''} there.`]),
    ...missing.map(missingText),
    ...(rest === 0 ? [] : [`and ${rest} more that are not told; --json has the first 1000`]),
    ...(applied ? [] : ['Nothing was sent.']),
  ].join('\n');
}

const missingText = ({ organisation: name, why, telephone }: NotTold): string =>
  `not told: ${name} (${why}; telephone ${telephone ?? 'unknown'})`;
