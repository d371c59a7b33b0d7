/** What a sender reads when its message was not fetched in time, or ended unfetched. */
import type { Language } from '../domain/registry.ts';
import type { Instant } from '../domain/units.ts';
import { type AboutMessage, type Block, type Letters, aboutBlock, dayText, lines, text } from './letter.ts';

export interface Waiting {
  readonly recipients: readonly string[];
  readonly organisation: string;
  readonly telephone?: string;
  /** Messages of one sender and one day, the first ones named. */
  readonly messages: readonly AboutMessage[];
  readonly count: number;
  readonly workingDays: number;
  /** When the first of them leaves the mailbox. */
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
