/**
 * What can be done with a message: take it back, hand it out again, send its receipt again, and
 * give out the evidence about it.
 */
import type { CopyView, TraceView } from '../../admin/delivery-views.ts';
import type { OperationResult } from '../../admin/operations.ts';
import { type Html, html } from '../../http/html.ts';
import type { Asked } from '../core/page.ts';
import { timeOf } from '../../web/core/times.ts';
import { card, list, state } from '../../web/look/parts.ts';
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
      what: 'Whoever does not have it yet will not get it. The sender is told and reads the reason that you type. This is for good.',
      done: 'It was taken back where that was still possible.',
      fields: {
        recipient: { label: 'From these addressees only', hint: 'Empty: from all.' },
      },
    },
  },
  again: {
    nl: {
      button: 'Opnieuw klaarzetten',
      what: 'Het komt als nieuw bericht terug in de postbus. De ontvanger krijgt bericht en leest de reden die u typt.',
      done: 'Het ligt weer in de postbus.',
    },
    en: {
      button: 'Hand out again',
      what: 'It comes back into the mailbox as a new message. The addressee is told and reads the reason that you type.',
      done: 'It is in the mailbox again.',
    },
  },
  receipt: {
    nl: {
      button: 'Ontvangstbericht opnieuw sturen',
      what: 'De afzender krijgt nogmaals bericht dat het is opgehaald, met de tijd van toen. Er staat bij dat het een herhaling is.',
      done: 'De afzender krijgt het bericht opnieuw.',
      fields: {
        recipient: { label: 'Alleen van deze ontvangers', hint: 'Leeg: van iedereen die het ophaalde.' },
      },
    },
    en: {
      button: 'Send the receipt again',
      what: 'The sender is told once more that it was fetched, with the original time. It says that it is a repetition.',
      done: 'The sender is told again.',
      fields: {
        recipient: { label: 'Receipts of these addressees only', hint: 'Empty: of all who fetched it.' },
      },
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
      what: 'You get one signed file with all that happened to this message, without its content. Your reason is in it.',
      done: 'The evidence was made.',
    },
  },
};
export const MESSAGE_RESULT = {
  nl: {
    copies: 'Per ontvanger',
    withdrawn: 'teruggehaald',
    'too-late': 'te laat',
    collected: 'opgehaald',
    told: 'verstuurd',
    'not-asked': 'de afzender vroeg niet om een ontvangstbericht',
    'not-collected': 'nog niet opgehaald',
    'not-confirmed': 'opgehaald, maar het programma bevestigde dat nog niet',
    often: 'vijf keer herhaald: vaker kan niet',
    nobody: 'er is niemand om het aan te sturen',
  },
  en: {
    copies: 'By addressee',
    withdrawn: 'taken back',
    'too-late': 'too late',
    collected: 'collected',
    told: 'sent',
    'not-asked': 'the sender asked for no receipt',
    'not-collected': 'not fetched yet',
    'not-confirmed': 'fetched, and the program has not confirmed that yet',
    often: 'repeated five times: that is the most',
    nobody: 'there is nobody to send it to',
  },
};
/** Most addressees that are listed if a message has many. */
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
    const words = MESSAGE_RESULT[language];
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

const RECEIPT: Deed = {
  path: '/messages/{id}/receipt',
  operation: 'message.receipt',
  input: named,
  fields: ['recipient'],
  caller: true,
  // If all receipts were sent, there is nothing to tell.
  shows: ({ receipts }: OperationResult<'message.receipt'>, { language }: Asked): Html | undefined => {
    const words = MESSAGE_RESULT[language];
    if (receipts.every(({ left }) => left === undefined)) return undefined;
    return card(
      words.copies,
      list(
        receipts
          .slice(0, SHOWN)
          .map(
            ({ recipients, left }) =>
              html`${recipients.join(', ')}: ${state(left === undefined ? 'good' : 'warn', words[left ?? 'told'])}`,
          ),
      ),
    );
  },
  words: WORDS.receipt,
};

export const EVIDENCE: Deed = {
  path: '/messages/{id}/evidence',
  operation: 'trace.bundle',
  input: named,
  caller: 'apart',
  // The file is a signed mail message: any editor shows it, and any mail program opens it.
  gives: ({ message }) => ({
    name: `evidence-${String(message)
      .replace(/[^a-z0-9]/gi, '')
      .slice(0, 40)}.eml`,
    type: 'message/rfc822',
  }),
  words: WORDS.evidence,
};

export const MESSAGE_DEEDS: readonly Deed[] = [WITHDRAW, RECEIPT, EVIDENCE, AGAIN];

/** Actions on the message as a whole. */
export const deedsOf = ({ copies, events }: TraceView): readonly Deed[] => [
  ...(copies.some(({ state: now }) => now === 'waiting' || now === 'held') ? [WITHDRAW] : []),
  ...(events.some(({ event, facts }) => event === 'notice.filed' && facts.notice === 'collected') ? [RECEIPT] : []),
  EVIDENCE,
];

/**
 * True if the copy can be put back into its mailbox: it was deleted there, or it expired before
 * anybody fetched it.
 */
export const isHandedOutAgain = ({ account, state: now }: CopyView): boolean =>
  account !== undefined && (now === 'deleted' || now === 'expired');
