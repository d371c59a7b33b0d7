/** What can be done with a message: take it back, hand it out again, give out the evidence about it. */
import type { CopyView, TraceView } from '../../admin/delivery-views.ts';
import type { OperationResult } from '../../admin/operations.ts';
import { type Html, html } from '../../http/html.ts';
import type { Asked } from '../core/page.ts';
import { timeOf } from '../core/times.ts';
import { card, list, state } from '../look/parts.ts';
import type { Deed } from '../parts/deed.ts';

const WORDS = {
  withdraw: {
    nl: {
      button: 'Terughalen',
      what: 'Wie het nog niet heeft, krijgt het niet meer. De afzender krijgt bericht en leest de reden die u typt. Dit is voorgoed.',
      done: 'Het is teruggehaald waar dat nog kon.',
      fields: {
        recipient: { label: 'Alleen bij deze ontvangers', hint: 'Leeg: bij iedereen.' },
      },
    },
    en: {
      button: 'Take back',
      what: 'Who does not have it yet will not get it. The sender is told and reads the reason that you type. This is for good.',
      done: 'It was taken back where that was still possible.',
      fields: {
        recipient: { label: 'From these addressees only', hint: 'Empty: from all.' },
      },
    },
  },
  again: {
    nl: {
      button: 'Opnieuw uitdelen',
      what: 'Het komt als nieuw bericht terug in de postbus. De ontvanger krijgt bericht en leest de reden die u typt.',
      done: 'Het ligt weer in de postbus.',
    },
    en: {
      button: 'Hand out again',
      what: 'It comes back into the mailbox as a new message. The addressee is told and reads the reason that you type.',
      done: 'It is in the mailbox again.',
    },
  },
  evidence: {
    nl: {
      button: 'Bewijs downloaden',
      what: 'U krijgt één ondertekend bestand met alles wat er met dit bericht gebeurde, zonder de inhoud. Uw reden staat erin.',
      done: 'Het bewijs is gemaakt.',
    },
    en: {
      button: 'Download the evidence',
      what: 'You get one signed file with all that happened to this message, without its content. Your reason stands in it.',
      done: 'The evidence was made.',
    },
  },
};
const RESULT = {
  nl: { copies: 'Per ontvanger', withdrawn: 'teruggehaald', 'too-late': 'te laat', collected: 'opgehaald' },
  en: { copies: 'By addressee', withdrawn: 'taken back', 'too-late': 'too late', collected: 'collected' },
};
/** Of a message with many. */
const SHOWN = 50;

const named = ({ id = '' }: Readonly<Record<string, string>>) => ({ message: id });

export const WITHDRAW: Deed = {
  path: '/messages/{id}/withdraw',
  operation: 'message.withdraw',
  input: named,
  fields: ['recipient'],
  proven: true,
  caller: 'apart',
  shows: ({ copies }: OperationResult<'message.withdraw'>, { language }: Asked): Html => {
    const words = RESULT[language];
    return card(
      words.copies,
      list(
        copies
          .slice(0, SHOWN)
          .map(
            ({ recipient, done, collected }) =>
              html`${recipient}: ${state(done === 'withdrawn' ? 'good' : 'bad', words[done])}${collected.map(({ at, from }) => html`, ${words.collected} ${timeOf(at, language)}${from === undefined ? '' : ` (${from})`}`)}`,
          ),
      ),
    );
  },
  words: WORDS.withdraw,
};

export const AGAIN: Deed = {
  path: '/messages/{id}/mailboxes/{login}/again',
  back: '/messages/{id}',
  operation: 'mailbox.restore',
  input: ({ id = '', login = '' }) => ({ message: id, login }),
  caller: 'apart',
  words: WORDS.again,
};

export const EVIDENCE: Deed = {
  path: '/messages/{id}/evidence',
  operation: 'trace.bundle',
  input: named,
  caller: 'apart',
  // A signed mail message: any editor shows it, any mail program opens it.
  gives: ({ message }) => ({
    name: `evidence-${String(message)
      .replace(/[^a-z0-9]/gi, '')
      .slice(0, 40)}.eml`,
    type: 'message/rfc822',
  }),
  words: WORDS.evidence,
};

export const MESSAGE_DEEDS: readonly Deed[] = [WITHDRAW, EVIDENCE, AGAIN];

/** For the message as a whole. */
export const deedsOf = ({ copies }: TraceView): readonly Deed[] =>
  copies.some(({ state: now }) => now === 'waiting' || now === 'held') ? [WITHDRAW, EVIDENCE] : [EVIDENCE];

/** Out of a mailbox it was deleted, or nobody fetched it in its time. */
export const isHandedOutAgain = ({ account, state: now }: CopyView): boolean =>
  account !== undefined && (now === 'deleted' || now === 'expired');
