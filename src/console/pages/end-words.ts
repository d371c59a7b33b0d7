/** Words for ending something on a date, and for undoing that, in both languages. */
import type { Both, FieldWords } from '../../web/parts/fields.ts';
import type { DeedWords } from '../parts/deed.ts';

/** Fields of every form that ends something. */
const FIELDS: Both<Readonly<Record<string, FieldWords>>> = {
  nl: {
    grace: { label: 'Zo lang is het terug te draaien', hint: 'Bijvoorbeeld 60d. Leeg: 30 dagen.' },
    successor: { label: 'Opvolger', hint: 'Het adres dat afzenders te lezen krijgen. Leeg: geen.' },
  },
  en: {
    grace: { label: 'How long it can be undone', hint: 'For example 60d. Empty: 30 days.' },
    successor: { label: 'Successor', hint: 'The address that senders are told of. Empty: none.' },
  },
};

export const END = {
  account: {
    nl: {
      button: 'Beëindigen',
      what: 'Het account eindigt, met al zijn adressen. Nieuwe mail wordt geweigerd. Ophalen en hervatten kan tot de termijn voorbij is.',
      done: 'Het account loopt af. Hervatten kan tot de genoemde dag.',
      fields: FIELDS.nl,
    },
    en: {
      button: 'End',
      what: 'The account ends, with all its addresses. New mail is refused. It can fetch mail and be resumed until the time is over.',
      done: 'The account is ending. It can be resumed until the day that was named.',
      fields: FIELDS.en,
    },
  },
  address: {
    nl: {
      button: 'Beëindigen',
      what: 'Het adres eindigt en krijgt geen mail meer. Niemand krijgt het ooit opnieuw. Hervatten kan tot de termijn voorbij is.',
      done: 'Het adres loopt af. Hervatten kan tot de genoemde dag.',
      fields: FIELDS.nl,
    },
    en: {
      button: 'End',
      what: 'The address ends and no longer gets mail. Nobody is ever given it again. It can be resumed until the time is over.',
      done: 'The address is ending. It can be resumed until the day that was named.',
      fields: FIELDS.en,
    },
  },
  organisation: {
    nl: {
      button: 'Organisatie beëindigen',
      what: 'De organisatie eindigt, met al haar accounts en adressen. Ophalen en hervatten kan tot de termijn voorbij is.',
      done: 'De organisatie loopt af. Hervatten kan tot de genoemde dag.',
      fields: FIELDS.nl,
    },
    en: {
      button: 'End the organisation',
      what: 'The organisation ends, with all its accounts and addresses. It can fetch mail and be resumed until the time is over.',
      done: 'The organisation is ending. It can be resumed until the day that was named.',
      fields: FIELDS.en,
    },
  },
} satisfies Record<string, Both<DeedWords>>;

export const RESUME = {
  address: {
    nl: {
      button: 'Hervatten',
      what: 'Het adres krijgt weer mail, en mag weer verzenden.',
      done: 'Het adres werkt weer.',
    },
    en: { button: 'Resume', what: 'The address accepts mail again, and may send.', done: 'The address works again.' },
  },
  organisation: {
    nl: {
      button: 'Organisatie hervatten',
      what: 'De organisatie werkt weer, met haar accounts. Accounts die zelf zijn opgeschort, blijven dat.',
      done: 'De organisatie werkt weer.',
    },
    en: {
      button: 'Resume the organisation',
      what: 'The organisation works again, with its accounts. Accounts that are suspended themselves stay so.',
      done: 'The organisation works again.',
    },
  },
} satisfies Record<string, Both<DeedWords>>;

export const MOVE_WORDS: Both<DeedWords> = {
  nl: {
    button: 'Verplaatsen',
    what: 'Mail voor het adres gaat voortaan ergens anders heen. Wat al in de oude postbus ligt, blijft daar.',
    done: 'Mail voor het adres gaat voortaan naar de nieuwe plaats.',
    fields: {
      'to-account': { label: 'Naar de postbus van dit account', hint: 'Vul dit in, of de partner hieronder.' },
      'to-partner': { label: 'Of naar de mailserver van deze partner' },
      queued: {
        label: 'Wat nog wacht voor het oude platform',
        choices: { keep: 'gaat nog daarheen', move: 'gaat mee naar de postbus' },
      },
    },
  },
  en: {
    button: 'Move',
    what: 'Mail for the address goes elsewhere from now on. What is in the old mailbox stays there.',
    done: 'Mail for the address goes to the new place from now on.',
    fields: {
      'to-account': { label: 'To the mailbox of this account', hint: 'Fill this in, or the partner below.' },
      'to-partner': { label: 'Or to the mail server of this partner' },
      queued: {
        label: 'What still waits for the old platform',
        choices: { keep: 'still goes there', move: 'moves to the mailbox' },
      },
    },
  },
};
