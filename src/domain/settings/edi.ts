/** Interchanges: what is judged about them, what answers them, and where they go. */
import { type Setting, accountAndAbove, everywhere } from './setting.ts';

/** What a guard over interchanges does with what it finds. */
const guard = { kind: 'choice', of: ['off', 'warn', 'hold', 'refuse'] } as const;

export const ediSettings = {
  'edi-sender': {
    scopes: accountAndAbove,
    type: guard,
    default: 'warn',
    about:
      'What happens to a message of the account whose interchange names a sender (UNB S002, MSH-4) that is not an EDI identity of the account or its organisation: nothing, a remark in trace and log, held for the operator, or refused with 554. Of these, what is not refused or held is delivered.',
  },
  'edi-controls': {
    scopes: accountAndAbove,
    type: guard,
    default: 'warn',
    about:
      'The same where counts or references of an interchange that the account sends are wrong, or its end is missing.',
  },
  'edi-reference': {
    scopes: accountAndAbove,
    type: guard,
    default: 'warn',
    about:
      'The same if an interchange that the account sends has a reference under which other messages were sent to the same party in the last 90 days. The same messages again, under the same reference or a new one, are no error.',
  },
  'edi-recipient': {
    scopes: everywhere,
    type: guard,
    default: 'warn',
    about:
      'The same if an interchange names a recipient (UNB S003, MSH-6) that is not an EDI identity of this addressee or its organisation.',
  },
  'edi-type': {
    scopes: everywhere,
    type: guard,
    default: 'warn',
    about: 'The same if an interchange has messages of a kind that this addressee does not accept (`edi-accepts`).',
  },
  'edi-test': {
    scopes: everywhere,
    type: guard,
    default: 'warn',
    about: 'The same if an interchange for this addressee says that it is a test (UNB 0035, MSH-11).',
  },
  'edi-accepts': {
    scopes: everywhere,
    type: { kind: 'edi-kinds' },
    default: 'any',
    about:
      'Kinds of messages that this addressee accepts: any, or names separated by spaces, such as "MEDLAB MEDVRI:1 ORU^*". After a colon comes the beginning of the version.',
  },
  'edi-contrl': {
    scopes: accountAndAbove,
    type: { kind: 'choice', of: ['never', 'asked', 'messages'] },
    default: 'never',
    about:
      'Whether an EDIFACT interchange of the account that asks for an acknowledgement (UNB 0031) is answered with a CONTRL in its mailbox: positive when the message was fetched or accepted by a partner, negative when it was given up, taken back or never fetched. With `messages` the positive one names each message in the interchange (UCM), with what is wrong about its envelope.',
  },
  'edi-mailbox': {
    scopes: everywhere,
    type: { kind: 'mailbox' },
    default: 'own',
    about:
      'Where messages with EDI in them go instead of the own mailbox: login name of another account of the same organisation, or own. EDI is told by content, not by type or file name.',
  },
  'edi-mixed': {
    scopes: everywhere,
    type: { kind: 'choice', of: ['both', 'edi', 'mail'] },
    default: 'both',
    about:
      'With `edi-mailbox`: where a message goes that has other attachments beside EDI, or is for people in other ways: into both mailboxes, only to the one for EDI, or only to the own one.',
  },
} as const satisfies Record<string, Setting>;
