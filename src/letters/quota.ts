/** What the owner of a mailbox reads before it is full. */
import type { Language } from '../domain/registry.ts';
import type { Octets } from '../domain/units.ts';
import { type Letters, lines, text } from './letter.ts';

export interface Filling {
  readonly login: string;
  readonly used: Octets;
  readonly quota: Octets;
}

const MB = 1_000_000;
const sizeText = (octets: number, language: Language): string =>
  `${(octets / MB).toLocaleString(language === 'nl' ? 'nl-NL' : 'en-GB', { maximumFractionDigits: octets < 10 * MB ? 1 : 0 })} MB`;

export function quotaLetters({ login, used, quota }: Filling): Letters {
  const percent = Math.min(100, Math.floor((100 * used) / quota));
  return {
    nl: {
      subject: `Postbus bijna vol (${percent} %): ${login}`,
      blocks: [
        text('In deze postbus is bijna geen ruimte meer:'),
        lines(login, `${sizeText(used, 'nl')} van ${sizeText(quota, 'nl')}`),
        text(
          'Is de postbus vol, dan worden nieuwe berichten geweigerd. De afzender krijgt daarvan bericht, maar u ziet het bericht niet: ook uitslagen en brieven niet.',
        ),
        text(
          'Wat u moet doen: controleer of uw programma berichten ophaalt, en of het berichten die het heeft opgehaald van de server verwijdert. Lukt dat niet, of is er meer ruimte nodig? Bel dan de helpdesk.',
        ),
      ],
    },
    en: {
      subject: `Mailbox nearly full (${percent} %): ${login}`,
      blocks: [
        text('There is hardly any space left in this mailbox:'),
        lines(login, `${sizeText(used, 'en')} of ${sizeText(quota, 'en')}`),
        text(
          'When it is full, new messages are refused. Their senders are told, but you do not get them: neither results nor letters.',
        ),
        text(
          'What to do: check that your program fetches messages, and that it deletes from the server what it has fetched. Does that not help, or do you need more space? Then call the helpdesk.',
        ),
      ],
    },
  };
}
