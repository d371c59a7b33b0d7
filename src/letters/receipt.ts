/**
 * What a sender reads when its message was fetched, was not fetched in time, or ended unfetched.
 *
 * Fetched is what we know: a program of the addressee took every octet. It is never worded as read or processed.
 */
import type { Language } from '../domain/registry.ts';
import type { Instant } from '../domain/units.ts';
import {
  type AboutMessage,
  type Block,
  type Letters,
  aboutBlock,
  dayText,
  facts,
  lines,
  text,
  timeText,
} from './letter.ts';

/** One file inside a message. */
export interface Attachment {
  /** As the sender wrote it; empty for a part without a name. */
  readonly name: string;
  /** Of the decoded octets, 64 hexadecimal digits. */
  readonly sha256: string;
  /** Its encoding is damaged: another program may decode other octets. */
  readonly damaged?: true;
}

export interface Collection {
  readonly message: AboutMessage;
  readonly recipients: readonly string[];
  readonly organisation: string;
  readonly at: Instant;
  /** For example `TLSv1.3`. */
  readonly tls: string;
  /** `quit`: the program confirmed it. `twice`: it took the whole message a second time, without confirming. Absent: nobody knows any more. */
  readonly by?: 'quit' | 'twice' | 'hung-up';
  /** True: the receipt repeats an earlier one. */
  readonly again?: true;
  /** Of the whole message as it was submitted, our own lines on top included. Absent where its facts are no longer kept. */
  readonly sha256?: string;
  readonly attachments: readonly Attachment[];
}

const HOW = {
  nl: { quit: ' en dat bevestigd', twice: ', voor de tweede keer', 'hung-up': ' en daarna de verbinding gesloten' },
  en: { quit: ' and confirmed that', twice: ', for the second time', 'hung-up': ' and then closed the connection' },
} as const;

/** Attachments that a letter names; the report's fields hold more. */
const MAX_NAMED = 30;

const PROOF = {
  nl: {
    title: 'Controlegetallen (SHA-256):',
    whole: 'Hele bericht',
    part: 'Bijlage',
    more: 'Verder',
    damaged: '(codering beschadigd)',
  },
  en: {
    title: 'Check sums (SHA-256):',
    whole: 'Whole message',
    part: 'Attachment',
    more: 'Also',
    damaged: '(encoding damaged)',
  },
} as const;

function proof({ sha256, attachments }: Collection, language: Language): Block {
  const words = PROOF[language];
  const rest = attachments.length - MAX_NAMED;
  return facts(words.title, [
    ...(sha256 === undefined ? [] : [[words.whole, sha256] as const]),
    ...attachments
      .slice(0, MAX_NAMED)
      .map(
        ({ name, sha256: hash, damaged }, i) =>
          [`${words.part} ${i + 1}`, `${hash} ${damaged === true ? words.damaged : ''} ${name}`] as const,
      ),
    ...(rest > 0 ? [[words.more, String(rest)] as const] : []),
  ]);
}

const AGAIN = {
  nl: 'Dit is een herhaling, omdat daarom is gevraagd: u kreeg dit bericht al eerder. Er is niets opnieuw opgehaald.',
  en: 'This is sent again, on request: you were told this before. Nothing was fetched again.',
} as const;

export function collectedLetters(collection: Collection): Letters {
  const { message, recipients, organisation, at, tls, by, again } = collection;
  const to = recipients[0] ?? '';
  const first = (language: Language): Block[] => (again === true ? [text(AGAIN[language])] : []);
  const how = (language: Language): string => (by === undefined ? '' : HOW[language][by]);
  return {
    nl: {
      subject: `Opgehaald: uw bericht aan ${to}`,
      blocks: [
        ...first('nl'),
        text('Uw bericht is opgehaald door het systeem van:'),
        lines(...recipients, organisation),
        text(
          `Dat gebeurde op ${timeText(at, 'nl')} over een beveiligde verbinding (${tls}). Het systeem heeft het hele bericht ontvangen${how('nl')}.`,
        ),
        text('Dit betekent niet dat iemand het bericht heeft gelezen of verwerkt.'),
        aboutBlock(message, 'nl'),
        proof(collection, 'nl'),
      ],
    },
    en: {
      subject: `Fetched: your message to ${to}`,
      blocks: [
        ...first('en'),
        text('Your message was fetched by the system of:'),
        lines(...recipients, organisation),
        text(
          `That was on ${timeText(at, 'en')} over a protected connection (${tls}). The system received the whole message${how('en')}.`,
        ),
        text('This does not mean that anybody has read or processed the message.'),
        aboutBlock(message, 'en'),
        proof(collection, 'en'),
      ],
    },
  };
}

export interface Waiting {
  readonly recipients: readonly string[];
  readonly organisation: string;
  readonly telephone?: string;
  /** All of one sender and one day, the first ones named. */
  readonly messages: readonly AboutMessage[];
  readonly count: number;
  readonly workingDays: number;
  /** When the first of them ends. */
  readonly until: Instant;
  /** The addressee has told until when it is away. */
  readonly awayUntil?: Instant;
}

const listed = (of: readonly AboutMessage[], count: number, language: Language): Block[] => [
  ...of.map((message) => aboutBlock(message, language)),
  ...(count > of.length
    ? [text(language === 'nl' ? `En nog ${count - of.length} andere.` : `And ${count - of.length} more.`)]
    : []),
];

const reach = (telephone: string | undefined, language: Language): string =>
  telephone === undefined ? '' : language === 'nl' ? ` Telefoon: ${telephone}.` : ` Telephone: ${telephone}.`;

export function notCollectedLetters(waiting: Waiting): Letters {
  const { recipients, organisation, telephone, messages, count, workingDays, until, awayUntil } = waiting;
  const to = recipients[0] ?? '';
  const many = count > 1;
  return {
    nl: {
      subject: `Nog niet opgehaald: ${many ? `${count} berichten` : 'uw bericht'} aan ${to}`,
      blocks: [
        text(
          `${many ? `${count} berichten van u staan` : 'Uw bericht staat'} klaar in de postbus, maar ${many ? 'zijn' : 'is'} na ${workingDays} werkdagen nog niet opgehaald door:`,
        ),
        lines(...recipients, organisation),
        ...(awayUntil === undefined
          ? []
          : [text(`De ontvanger heeft opgegeven afwezig te zijn tot ${dayText(awayUntil, 'nl')}.`)]),
        text(
          `Wat u kunt doen: bel de ontvanger als ${many ? 'de inhoud' : 'het bericht'} niet kan wachten.${reach(telephone, 'nl')} Stuur niets opnieuw: er is niets mislukt en er is niets verloren. ${many ? 'De berichten blijven' : 'Het bericht blijft'} klaarstaan tot ${dayText(until, 'nl')}; ${many ? 'zijn ze' : 'is het'} dan nog niet opgehaald, dan krijgt u daarover bericht.`,
        ),
        ...listed(messages, count, 'nl'),
      ],
    },
    en: {
      subject: `Not fetched yet: ${many ? `${count} messages` : 'your message'} to ${to}`,
      blocks: [
        text(
          `${many ? `${count} messages of yours are` : 'Your message is'} ready in the mailbox, but after ${workingDays} working days ${many ? 'they have' : 'it has'} not been fetched by:`,
        ),
        lines(...recipients, organisation),
        ...(awayUntil === undefined
          ? []
          : [text(`The addressee has said to be away until ${dayText(awayUntil, 'en')}.`)]),
        text(
          `What you can do: call the addressee if ${many ? 'the contents' : 'the message'} cannot wait.${reach(telephone, 'en')} Do not send anything again: nothing has failed and nothing is lost. ${many ? 'The messages stay' : 'The message stays'} ready until ${dayText(until, 'en')}; if ${many ? 'they have' : 'it has'} not been fetched by then, we will tell you.`,
        ),
        ...listed(messages, count, 'en'),
      ],
    },
  };
}

export interface Expired {
  readonly message: AboutMessage;
  readonly recipients: readonly string[];
  readonly organisation: string;
  readonly telephone?: string;
  readonly days: number;
}

export function expiredLetters({ message, recipients, organisation, telephone, days }: Expired): Letters {
  const to = recipients[0] ?? '';
  return {
    nl: {
      subject: `Nooit opgehaald: uw bericht aan ${to}`,
      blocks: [
        text(`Uw bericht heeft ${days} dagen klaargestaan, maar is nooit opgehaald door:`),
        lines(...recipients, organisation),
        text('De ontvanger heeft het dus NIET gezien. Het bericht is nu uit de postbus gehaald.'),
        text(
          `Wat u kunt doen: bel de ontvanger en stuur het bericht opnieuw als het nog nodig is.${reach(telephone, 'nl')}`,
        ),
        aboutBlock(message, 'nl'),
      ],
    },
    en: {
      subject: `Never fetched: your message to ${to}`,
      blocks: [
        text(`Your message was ready for ${days} days, but was never fetched by:`),
        lines(...recipients, organisation),
        text('So the addressee has NOT seen it. The message has now been taken out of the mailbox.'),
        text(
          `What you can do: call the addressee, and send the message again if it is still needed.${reach(telephone, 'en')}`,
        ),
        aboutBlock(message, 'en'),
      ],
    },
  };
}

export interface Overdue {
  readonly login: string;
  readonly organisation: string;
  readonly contact?: string;
  readonly telephone?: string;
  readonly messages: number;
  readonly oldest: Instant;
  readonly rhythm: number;
}

/** The letter to the contact of the organisation. */
export function rhythmLetters({ login, messages, oldest, rhythm }: Overdue, keep: number): Letters {
  const count = {
    nl: messages === 1 ? 'Er staat 1 bericht' : `Er staan ${messages} berichten`,
    en: messages === 1 ? 'There is 1 message' : `There are ${messages} messages`,
  };
  return {
    nl: {
      subject: `Postbus ${login} wordt niet opgehaald`,
      blocks: [
        text(
          `${count.nl} in deze postbus van uw organisatie ${messages === 1 ? 'dat nog niet is' : 'die nog niet zijn'} opgehaald:`,
        ),
        lines(login),
        text(
          `Het oudste wacht sinds ${timeText(oldest, 'nl')}. We verwachten dat deze postbus binnen ${rhythm} werkdag${rhythm === 1 ? '' : 'en'} wordt opgehaald. Er kunnen uitslagen en brieven tussen staan.`,
        ),
        text(
          'Wat u moet doen: controleer of het systeem dat deze postbus ophaalt aan staat en geen foutmelding geeft. Start het zo nodig opnieuw, of bel de leverancier van uw systeem.',
        ),
        text(
          `Bent u gesloten of afwezig? Geef dat aan de helpdesk door, dan houden we er rekening mee. Berichten die na ${keep} dagen niet zijn opgehaald, gaan uit de postbus; de afzender krijgt daarvan bericht.`,
        ),
      ],
    },
    en: {
      subject: `Mailbox ${login} is not being fetched`,
      blocks: [
        text(`${count.en} in this mailbox of your organisation that nobody has fetched yet:`),
        lines(login),
        text(
          `The oldest has been waiting since ${timeText(oldest, 'en')}. We expect this mailbox to be fetched within ${rhythm} working day${rhythm === 1 ? '' : 's'}. There may be results and letters among them.`,
        ),
        text(
          'What to do: check that the system that fetches this mailbox is on and shows no error. Start it again if need be, or call the supplier of your system.',
        ),
        text(
          `Are you closed or away? Tell the helpdesk, and we will take that into account. Messages that nobody has fetched after ${keep} days leave the mailbox; their senders are told.`,
        ),
      ],
    },
  };
}

export interface Digest {
  readonly at: Instant;
  /** The first ones named. */
  readonly overdue: readonly Overdue[];
  readonly mailboxes: number;
  readonly away: number;
  readonly expired: number;
}

export function digestLetters({ at, overdue, mailboxes, away, expired }: Digest): Letters {
  const list = (language: Language): Block[] =>
    overdue.map((o) =>
      facts(`${o.login} (${o.organisation})`, [
        [language === 'nl' ? 'Berichten' : 'Messages', String(o.messages)],
        [language === 'nl' ? 'Oudste' : 'Oldest', timeText(o.oldest, language)],
        ...(o.telephone === undefined ? [] : [[language === 'nl' ? 'Telefoon' : 'Telephone', o.telephone] as const]),
        ...(o.contact === undefined ? [] : [['Contact', o.contact] as const]),
      ]),
    );
  const rest = mailboxes - overdue.length;
  return {
    nl: {
      subject: `${mailboxes} postbus${mailboxes === 1 ? '' : 'sen'} niet opgehaald (${dayText(at, 'nl')})`,
      blocks: [
        text(
          `Deze postbussen zijn niet binnen de afgesproken tijd opgehaald. Het contact van de organisatie is gewaarschuwd.${away > 0 ? ` ${away} met een opgegeven afwezigheid zijn niet meegeteld.` : ''}${expired > 0 ? ` ${expired} berichten zijn vandaag na hun bewaartijd uit een postbus gehaald; hun afzenders hebben bericht gekregen.` : ''}`,
        ),
        ...list('nl'),
        ...(rest > 0 ? [text(`En nog ${rest} andere; zie het logboek ("mailbox.overdue").`)] : []),
      ],
    },
    en: {
      subject: `${mailboxes} mailbox${mailboxes === 1 ? '' : 'es'} not fetched (${dayText(at, 'en')})`,
      blocks: [
        text(
          `These mailboxes were not fetched within the agreed time. The organisation's contact was warned.${away > 0 ? ` ${away} with a registered absence are not counted.` : ''}${expired > 0 ? ` ${expired} messages left a mailbox today at the end of their retention; their senders were told.` : ''}`,
        ),
        ...list('en'),
        ...(rest > 0 ? [text(`And ${rest} more; see the log ("mailbox.overdue").`)] : []),
      ],
    },
  };
}
