/** What the sender and the operator read of a message that a guard holds. */
import type { Language } from '../domain/registry.ts';
import { type AboutMessage, type Block, type Letters, aboutBlock, facts, lines, text } from './letter.ts';

export interface HeldMessage {
  readonly message: AboutMessage;
  /** Recipients whose copies are held. */
  readonly recipients: readonly string[];
  /** Reasons, a line each, in the words of the guard. */
  readonly reasons: readonly string[];
}

/** Addressees and reasons that a letter names. */
const MAX_NAMED = 20;

const MORE: Readonly<Record<Language, (n: number) => string>> = {
  nl: (n) => `En nog ${n} andere.`,
  en: (n) => `And ${n} more.`,
};

function named(of: readonly string[], language: Language): Block[] {
  const rest = of.length - MAX_NAMED;
  return [lines(...of.slice(0, MAX_NAMED)), ...(rest > 0 ? [text(MORE[language](rest))] : [])];
}

/** The letter to the sender of a held message. */
export function heldLetters({ message, recipients, reasons }: HeldMessage): Letters {
  return {
    nl: {
      subject: 'Uw bericht wordt vastgehouden',
      blocks: [
        text('Wij hebben uw bericht aangenomen, maar nog NIET afgeleverd bij:'),
        ...named(recipients, 'nl'),
        text('In het EDI-bericht klopt iets niet (de melding is in het Engels):'),
        ...named(reasons, 'nl'),
        text(
          'De helpdesk bekijkt het en geeft het vrij of weigert het. Bij een weigering krijgt u daarvan bericht. Wat u moet doen: vraag uw leverancier wat hier misgaat als u het niet herkent. Heeft het haast? Bel dan de ontvanger, of de helpdesk.',
        ),
        aboutBlock(message, 'nl'),
      ],
    },
    en: {
      subject: 'Your message is held',
      blocks: [
        text('We accepted your message, but have NOT delivered it yet to:'),
        ...named(recipients, 'en'),
        text('Something is wrong in its EDI data:'),
        ...named(reasons, 'en'),
        text(
          'The helpdesk will look at it, and release or refuse it. If it is refused, you will be told. What to do: ask the supplier of your system if you do not know why. Is it urgent? Then call the addressee, or the helpdesk.',
        ),
        aboutBlock(message, 'en'),
      ],
    },
  };
}

/** To the operator: what to look at, and what to type. */
export function heldForOperatorLetters(held: HeldMessage & { readonly login: string }): Letters {
  const { message, recipients, reasons, login } = held;
  const commands = [
    `sluis trace ${message.id}`,
    `sluis queue release --message ${message.id} --reason TEXT`,
    `sluis queue fail --message ${message.id} --reason TEXT`,
  ];
  return {
    nl: {
      subject: `Vastgehouden, wacht op u: bericht ${message.id}`,
      blocks: [
        text('Een bericht met EDI-gegevens wordt vastgehouden en wacht op uw besluit. Het is nog niet afgeleverd bij:'),
        ...named(recipients, 'nl'),
        text('Reden:'),
        ...named(reasons, 'nl'),
        text(
          'Bekijken, vrijgeven (het wordt alsnog afgeleverd), of weigeren (de afzender krijgt bericht met uw reden):',
        ),
        lines(...commands),
        facts('Afzender:', [['Account', login]]),
        aboutBlock(message, 'nl'),
      ],
    },
    en: {
      subject: `Held, waits for you: message ${message.id}`,
      blocks: [
        text('A message with EDI data is held and waits for your decision. It has not been delivered yet to:'),
        ...named(recipients, 'en'),
        text('Why:'),
        ...named(reasons, 'en'),
        text('Look at it, release it (it is delivered), or refuse it (its sender is told, with your reason):'),
        lines(...commands),
        facts('Sender:', [['Account', login]]),
        aboutBlock(message, 'en'),
      ],
    },
  };
}
