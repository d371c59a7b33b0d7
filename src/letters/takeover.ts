/**
 * What a practice reads of the move to this gateway: that it comes, that it is done, that a program
 * of theirs still asks the old server, that they went back.
 */
import type { Language } from '../domain/registry.ts';
import { type Block, type Letter, type Letters, facts, lines, text } from './letter.ts';

export interface MoveLetter {
  readonly step: 'announce' | 'moved' | 'reminder' | 'back';
  /** Its title. */
  readonly organisation: string;
  /** The day of the wave, in words of each language. */
  readonly day: Readonly<Record<Language, string>>;
  readonly logins: readonly string[];
  /** Where programs fetch and send, as lines for people. */
  readonly servers: Readonly<Record<Language, readonly string[]>>;
  /** `stay`: the names of the servers lead here by themselves. `change`: people enter others. */
  readonly programs: 'stay' | 'change';
}

/** Most logins in the letter; more would be a page of its own. */
const MOST_LOGINS = 20;

const SUBJECT: Readonly<Record<Language, Readonly<Record<MoveLetter['step'], (l: MoveLetter) => string>>>> = {
  nl: {
    announce: (l) => `Uw berichten verhuizen op ${l.day.nl}`,
    moved: () => 'Uw berichten zijn verhuisd',
    reminder: () => 'Een programma van u haalt nog berichten op bij de oude server',
    back: () => 'Uw berichten staan weer op de oude server',
  },
  en: {
    announce: (l) => `Your messages move on ${l.day.en}`,
    moved: () => 'Your messages have moved',
    reminder: () => 'A program of yours still fetches from the old server',
    back: () => 'Your messages are at the old server again',
  },
};

export function moveLetters(letter: MoveLetter): Letters {
  return { nl: half(letter, 'nl'), en: half(letter, 'en') };
}

const half = (letter: MoveLetter, language: Language): Letter => ({
  subject: SUBJECT[language][letter.step](letter),
  blocks: [...(language === 'nl' ? dutch(letter) : english(letter)), ...itsFacts(letter, language)],
});

const asksForWork = ({ step, programs }: MoveLetter): boolean =>
  step === 'reminder' || (programs === 'change' && step !== 'back');

function dutch(l: MoveLetter): readonly Block[] {
  const keep = text(
    'Gebruikersnaam en wachtwoord blijven hetzelfde. Berichten die al opgehaald zijn, komen niet nog een keer; wat nog niet opgehaald is, verhuist mee.',
  );
  const enter = text(
    'Wat u moet doen: stel deze servers in bij uw programma, of vraag dat aan wie uw systeem beheert:',
  );
  switch (l.step) {
    case 'announce':
      return [
        text(`De berichten van ${l.organisation} verhuizen op ${l.day.nl} naar een nieuwe server.`),
        keep,
        ...(l.programs === 'stay'
          ? [
              text(
                'U hoeft niets te doen: uw programma gaat vanzelf naar de nieuwe server. Haal uw berichten die dag gewoon op.',
              ),
            ]
          : [
              text(
                'Wat u moet doen: verander niets vóór die dag. U krijgt een bericht zodra uw berichten verhuisd zijn; zet dan deze servers in uw programma:',
              ),
              lines(...l.servers.nl),
            ]),
      ];
    case 'moved':
      return [
        text(`De berichten van ${l.organisation} staan nu op de nieuwe server.`),
        keep,
        ...(l.programs === 'stay'
          ? [
              text(
                'U hoeft niets te doen. Mist u een bericht, of meldt uw programma een fout? Bel dan meteen de helpdesk: wij kunnen u terugzetten zonder dat er iets verloren gaat.',
              ),
            ]
          : [
              enter,
              lines(...l.servers.nl),
              text('Doe dit vandaag: nieuwe berichten komen alleen nog op de nieuwe server aan.'),
            ]),
      ];
    case 'reminder':
      return [
        text(
          `De berichten van ${l.organisation} zijn verhuisd, maar een programma van u haalt nog berichten op bij de oude server. Daar komt niets nieuws meer aan: u mist berichten.`,
        ),
        enter,
        lines(...l.servers.nl),
        text(
          'Gebruikersnaam en wachtwoord blijven hetzelfde. Er gaat niets verloren: wat u nog niet hebt, staat op de nieuwe server klaar.',
        ),
      ];
    case 'back':
      return [
        text(
          `De berichten van ${l.organisation} staan weer op de oude server. Uw programma werkt daar zoals voor de verhuizing, met dezelfde gebruikersnaam en hetzelfde wachtwoord.`,
        ),
        text(
          'Er is niets verloren gegaan: berichten die intussen kwamen en die u nog niet had opgehaald, staan nu op de oude server. Voor een nieuwe verhuizing krijgt u vooraf bericht.',
        ),
      ];
  }
}

function english(l: MoveLetter): readonly Block[] {
  const keep = text(
    'User name and password stay the same. Messages that you have fetched do not come again; the others move with your mailbox.',
  );
  const enter = text('What to do: enter these servers into your program, or ask whoever looks after your system:');
  switch (l.step) {
    case 'announce':
      return [
        text(`The messages of ${l.organisation} move to a new server on ${l.day.en}.`),
        keep,
        ...(l.programs === 'stay'
          ? [
              text(
                'There is nothing to do: your program goes to the new server by itself. Fetch your messages on that day as always.',
              ),
            ]
          : [
              text(
                'What to do: change nothing before that day. You get a message as soon as your messages have moved; then enter these servers into your program:',
              ),
              lines(...l.servers.en),
            ]),
      ];
    case 'moved':
      return [
        text(`The messages of ${l.organisation} are on the new server now.`),
        keep,
        ...(l.programs === 'stay'
          ? [
              text(
                'There is nothing to do. Do you miss a message, or does your program report an error? Then call the helpdesk at once: we can move you back, and nothing is lost.',
              ),
            ]
          : [enter, lines(...l.servers.en), text('Do this today: new messages arrive at the new server only.')]),
      ];
    case 'reminder':
      return [
        text(
          `The messages of ${l.organisation} have moved, but a program of yours still fetches from the old server. Nothing new arrives there: you miss messages.`,
        ),
        enter,
        lines(...l.servers.en),
        text(
          'User name and password stay the same. Nothing is lost: what you do not have yet waits on the new server.',
        ),
      ];
    case 'back':
      return [
        text(
          `The messages of ${l.organisation} are at the old server again. Your program works there as before the move, with the same user name and password.`,
        ),
        text(
          'Nothing was lost: messages that came meanwhile and that you had not fetched are at the old server now. Before another move you are told.',
        ),
      ];
  }
}

const WORDS = {
  nl: { title: 'Het gaat om:', accounts: 'Gebruikersnamen', day: 'Dag van de verhuizing', more: 'en nog' },
  en: { title: 'It is about:', accounts: 'User names', day: 'Day of the move', more: 'and more:' },
} as const;

function itsFacts(letter: MoveLetter, language: Language): readonly Block[] {
  const { logins, day } = letter;
  const words = WORDS[language];
  const more = logins.length > MOST_LOGINS ? ` ${words.more} ${logins.length - MOST_LOGINS}` : '';
  return [
    facts(words.title, [
      [words.accounts, `${logins.slice(0, MOST_LOGINS).join(', ')}${more}`],
      ...(asksForWork(letter) ? [] : [[words.day, day[language]] as const]),
    ]),
  ];
}
