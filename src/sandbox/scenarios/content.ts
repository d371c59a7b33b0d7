/** Messages that programs stumble over. */
import { EDI, ediMail, fiftyMegabytes, poison, result } from '../mails.ts';
import { RULE_UIDL } from '../judge-fetch.ts';
import { type Scenario, GUIDE_RECEIVING, GUIDE_SENDING, failed, remark } from '../scenario.ts';
import { cameBack } from './parts.ts';

/** Octets: what the gateway takes at most, less the header that is added on the way. */
const LARGE = 49_900_000;

export const content: readonly Scenario[] = [
  {
    name: 'same-message-twice',
    speaks: 'pop3',
    happens:
      'The same message is there twice, with one Message-ID and two unique ids: its sender heard no answer and sent it again.',
    right:
      'It fetches and deletes both, and files the result once, by the Message-ID or the reference of the interchange.',
    rules: [
      {
        says: 'A second copy has the same Message-ID and the same interchange reference; compare before you file.',
        rfc: 'RFC 5322 section 3.6.4',
        guide: `${GUIDE_SENDING}, "Duplicates"`,
      },
    ],
    patient: 'One measurement is in the file as two: a trend is seen that is not there.',
    look: 'your program shows this result once.',
    mails: [
      result('A'),
      { ...result('A'), name: 'the second copy of message A', sameAs: 'message A', header: ['X-Attempt: 2'] },
    ],
    judge: () => [],
  },
  {
    name: 'eight-bit-edi',
    speaks: 'pop3',
    happens: 'An interchange is there without MIME, in Latin-1, with lines of nearly 900 octets.',
    right: 'It takes the octets as they are.',
    rules: [
      {
        says: 'Take the octets as they are: content is octets, and what is not in base64 may be Latin-1.',
        rfc: 'RFC 6152 section 3',
        guide: `${GUIDE_RECEIVING}, step 3`,
      },
    ],
    patient:
      '"µmol/l" becomes "?mol/l" or the interchange no longer parses: the result is read in a wrong unit, or not at all.',
    mails: [ediMail],
    judge: () => [],
  },
  {
    name: 'fifty-megabytes',
    speaks: 'pop3',
    happens: 'A message of nearly 50 MB is between two small ones.',
    right: 'It fetches all three whole and deletes them.',
    rules: [
      {
        says: 'The limit of a message is 50 MB; a reply may take five minutes.',
        rfc: 'RFC 1870 section 3',
        guide: 'docs/clients.md, "The values", and docs/systems.md, "Receive over POP3"',
      },
    ],
    patient:
      'A program that breaks off at the large one begins with it again at every poll: what is behind it is never fetched.',
    mails: [result('A'), fiftyMegabytes(LARGE), result('B')],
    judge: (facts) => (cameBack(facts) ? [] : [failed('It never got through to the end.')]),
  },
  {
    name: 'receipt-in-dutch',
    speaks: 'pop3',
    happens:
      'A receipt is there: multipart/report with a null sender, its text in Dutch, for a message that the account had sent.',
    right: 'It fetches and deletes it, knows it by its type and not by its words, and answers nothing.',
    rules: [
      {
        says: 'Recognise receipts by multipart/report and the null sender, and never answer them.',
        rfc: 'RFC 3464 section 2, RFC 3834 section 2',
        guide: `${GUIDE_SENDING}, "Receipts"`,
      },
    ],
    patient:
      'A receipt that is read by its English words is filed as a letter about nobody, and its message stays "on its way" for ever.',
    look: 'your program shows the message of "ontvangstbewijs (sandbox)" as received.',
    prepare: async (stage) => [await stage.receipt()],
    judge: (facts) =>
      facts.sent.length > 0
        ? [failed('It sent a message while the receipt lay there: receipts are never answered.')]
        : [],
  },
  {
    name: 'poison-message',
    speaks: 'pop3',
    happens:
      'Between two results is a message that breaks parsers: forty parts in each other, none closed, a character set and an encoding that nobody has.',
    right:
      'It stores it as it is, deletes it, and fetches what is behind it. What it does not understand it shows to a person.',
    rules: [
      {
        says: 'Process what was stored, by a queue of your own. What you do not understand is shown to a person, never dropped.',
        guide: `${GUIDE_RECEIVING}, step 6`,
      },
      RULE_UIDL,
    ],
    patient:
      'One odd message stops all that come behind it: the practice has no results until somebody removes it by hand.',
    look: 'your program shows the poison message to a person.',
    mails: [result('A'), poison, result('B')],
    judge: (facts, placed) => {
      const tried = facts.visits.filter((visit) => visit.loggedIn).length;
      const behind = placed.at(-1);
      if (behind !== undefined && tried > 0 && !facts.fetched.some(({ uid, whole }) => whole && uid === behind.uid))
        return [failed(`It never got to ${behind.name}, which is behind the poison message.`)];
      return tried > 3 ? [remark(`It needed ${tried} visits.`)] : [];
    },
  },
];

export const exactOf = (name: string): Buffer | undefined => (name === ediMail.name ? EDI : undefined);
