/**
 * Fetching: what is told of it and to whom, how long messages wait for it, and how long they are
 * kept after it.
 */
import { type Setting, accountAndAbove } from './setting.ts';

export const pickupSettings = {
  notices: {
    scopes: accountAndAbove,
    type: { kind: 'choice', of: ['automatic', 'mailbox', 'contact'] },
    default: 'automatic',
    about:
      "Where notices, receipts and warnings about the account's messages go: into its mailbox, or to the organisation's contact. Automatic: to the contact for kind edi, since a report can stop an old importer, and into the mailbox for people.",
  },
  'collected-receipts': {
    scopes: accountAndAbove,
    type: { kind: 'choice', of: ['asked', 'always', 'never'] },
    default: 'asked',
    about:
      'Whether the sender is told when its message was fetched: for messages with the header field "Sluis-Receipt: collected", for all, or for none.',
  },
  'stuck-messages': {
    scopes: accountAndAbove,
    type: { kind: 'choice', of: ['off', 'tell', 'hold'] },
    default: 'off',
    about:
      'What is done when the POP3 sessions of a mail program end at the same message again and again. off: nothing. tell: its owner, the organisation and the operator hear of it. hold: the message is taken out of the mailbox as well, so that what waits behind it is fetched, and the operator decides.',
  },
  'stuck-after': {
    scopes: accountAndAbove,
    type: { kind: 'count', min: 3, max: 100 },
    default: 5,
    about:
      'Number of sessions, one after the other and from one network, that must end at one message before `stuck-messages` applies.',
  },
  rhythm: {
    scopes: accountAndAbove,
    type: { kind: 'count', min: 0, max: 60 },
    default: 2,
    about:
      "Working days within which the mailbox is expected to be fetched; after that the organisation's contact is warned and the operator sees it in the daily digest. 0: nothing is expected.",
  },
  'closed-days': {
    scopes: accountAndAbove,
    type: { kind: 'closed-days' },
    default: 'none',
    about:
      'Days that count as no working days besides weekends and Dutch public holidays: "wed 2026-12-24..2027-01-03 2027-05-15", or none.',
  },
  'tell-sender-after': {
    scopes: accountAndAbove,
    type: { kind: 'count', min: 0, max: 60 },
    default: 3,
    about:
      'Working days after which the sender of a message that nobody fetched from this mailbox is told so; this is not a failure, the message stays. 0: never.',
  },
  'keep-uncollected': {
    scopes: accountAndAbove,
    type: { kind: 'count', min: 7, max: 3650 },
    default: 90,
    about:
      'Days that a message waits for somebody to fetch it. Then it ends with a last notice to its sender, and can be handed out again for the time of deleted ones. Messages that were fetched and left there stay. What is handed out again (`mailbox restore`) waits as long from that day on, and then ends without another word to its sender.',
  },
  'keep-deleted': {
    scopes: ['organisation'],
    type: { kind: 'count', min: 0, max: 30 },
    default: 14,
    about:
      'Days for which messages that were deleted, expired or withdrawn in mailboxes of the organisation are kept. Until then they can be handed out again, as far as the quota of the mailbox allows. Where it is not set, `store.keep-deleted` of the configuration holds.',
  },
} as const satisfies Record<string, Setting>;
