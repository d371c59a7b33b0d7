/**
 * What the owner of a mailbox, or the sender of a message, reads of what the operator did and of
 * what two programs do to each other.
 */
import type { Language } from '../domain/registry.ts';
import type { Instant } from '../domain/units.ts';
import { type Letters, aboutBlock, lines, text, timeText, type AboutMessage } from './letter.ts';

export interface Restored {
  readonly login: string;
  readonly messages: number;
  readonly reason: string;
  readonly at: Instant;
  /** What is not fetched by then leaves the mailbox. */
  readonly until: Instant;
}

export function restoredLetters({ login, messages, reason, at, until }: Restored): Letters {
  const one = messages === 1;
  return {
    nl: {
      subject: one ? 'Een verwijderd bericht staat weer klaar' : `${messages} verwijderde berichten staan weer klaar`,
      blocks: [
        text(
          `De helpdesk heeft op ${timeText(at, 'nl')} ${one ? 'een bericht' : `${messages} berichten`} opnieuw klaargezet in de postbus ${login}. Bij het volgende ophalen ${one ? 'komt het bericht' : 'komen de berichten'} opnieuw binnen, als nieuw. Reden:`,
        ),
        lines(reason),
        text(
          `Wat u moet doen: ophalen vóór ${timeText(until, 'nl')}; wat dan niet is opgehaald, verdwijnt weer uit de postbus. Let op dat een uitslag die u al had, nu een tweede keer kan binnenkomen. Had u hier niet om gevraagd? Neem dan contact op met de helpdesk.`,
        ),
      ],
    },
    en: {
      subject: one ? 'A deleted message can be fetched again' : `${messages} deleted messages can be fetched again`,
      blocks: [
        text(
          `On ${timeText(at, 'en')} the helpdesk handed out ${one ? 'a message' : `${messages} messages`} again in the mailbox ${login}. The next time it is fetched, ${one ? 'it arrives' : 'they arrive'} again, as new. Reason:`,
        ),
        lines(reason),
        text(
          `What to do: fetch before ${timeText(until, 'en')}; what is not fetched by then leaves the mailbox again. Note that a result which you had already may now arrive a second time. If you did not ask for this, contact the helpdesk.`,
        ),
      ],
    },
  };
}

export interface TwoReaders {
  readonly login: string;
  readonly networks: readonly string[];
}

export function twoReadersLetters({ login, networks }: TwoReaders): Letters {
  return {
    nl: {
      subject: `Twee systemen legen dezelfde postbus: ${login}`,
      blocks: [
        text('Deze postbus wordt op meer dan een plaats opgehaald, en elke plaats verwijdert wat daar is opgehaald:'),
        lines(login, ...networks),
        text(
          'Wat op de ene plaats is opgehaald, ziet u op de andere niet meer. Zo kunnen uitslagen en brieven ongemerkt ontbreken.',
        ),
        text(
          'Wat u moet doen: laat een van de twee stoppen met ophalen. Of stel bij de ene in dat berichten op de server blijven staan. Wat de afgelopen dagen is verwijderd, kan de helpdesk opnieuw klaarzetten.',
        ),
      ],
    },
    en: {
      subject: `Two systems empty the same mailbox: ${login}`,
      blocks: [
        text('This mailbox is fetched from more than one place, and each of them deletes what it fetches:'),
        lines(login, ...networks),
        text('What one place fetches, the other never sees. Results and letters can go missing unnoticed.'),
        text(
          'What to do: let one of the two stop fetching. Or set it to leave messages on the server. The helpdesk can hand out again what was deleted in the last days.',
        ),
      ],
    },
  };
}

export interface Withdrawn {
  readonly message: AboutMessage;
  readonly recipients: readonly string[];
  /** Recipients who had the message already. */
  readonly late: readonly string[];
  readonly reason: string;
}

const OTHERS: Readonly<Record<Language, string>> = { nl: ' en anderen', en: ' and others' };
const shortly = ([first = '', ...others]: readonly string[], language: Language): string =>
  first + (others.length > 0 ? OTHERS[language] : '');

/** The letter to the sender of a message that was taken back. */
export function withdrawnLetters({ message, recipients, late, reason }: Withdrawn): Letters {
  return {
    nl: {
      subject: `Teruggehaald: uw bericht aan ${shortly(recipients, 'nl')}`,
      blocks: [
        text('De helpdesk heeft dit bericht van u teruggehaald. Deze ontvangers hebben het niet ontvangen:'),
        lines(...recipients),
        ...(late.length === 0
          ? []
          : [text('Voor deze ontvangers was het te laat, zij hebben het al:'), lines(...late)]),
        text('Reden:'),
        lines(reason),
        text('Wat u moet doen: stuur het bericht opnieuw als het wel ergens anders aan moet komen.'),
        aboutBlock(message, 'nl'),
      ],
    },
    en: {
      subject: `Taken back: your message to ${shortly(recipients, 'en')}`,
      blocks: [
        text('The helpdesk has taken back this message of yours. These addressees did not receive it:'),
        lines(...recipients),
        ...(late.length === 0
          ? []
          : [text('For these addressees it was too late, they have it already:'), lines(...late)]),
        text('Reason:'),
        lines(reason),
        text('What to do: send the message again if it should arrive somewhere else.'),
        aboutBlock(message, 'en'),
      ],
    },
  };
}
