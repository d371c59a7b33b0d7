/**
 * What an organisation reads of a mailbox that it does not fetch, and the operators each day of all
 * of these.
 */
import type { Language } from '../domain/registry.ts';
import type { Instant } from '../domain/units.ts';
import { type Block, type Letters, dayText, facts, lines, text, timeText } from './letter.ts';

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
