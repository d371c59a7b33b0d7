/**
 * What a status code means to a practice assistant: the cause in one sentence, and what to do about
 * it, in Dutch and English.
 *
 * RFC 3463 section 3, RFC 5248. The words name no server, protocol or number; those stand in the
 * technical part.
 */
import type { Language } from '../domain/registry.ts';

export interface Cause {
  readonly cause: string;
  readonly advice: string;
}
export type Causes = Readonly<Record<Language, Cause>>;

const cause = (nl: readonly [string, string], en: readonly [string, string]): Causes => ({
  nl: { cause: nl[0], advice: nl[1] },
  en: { cause: en[0], advice: en[1] },
});

const CAUSES = {
  unknown: cause(
    [
      'Bij de ontvangende organisatie bestaat dit adres niet (meer).',
      'Controleer het adres. Klopt het, vraag de ontvanger dan naar het juiste adres en stuur het bericht opnieuw.',
    ],
    [
      'The receiving organisation does not have this address (or no longer has it).',
      'Check the address. If it is right, ask the addressee for the current address and send the message again.',
    ],
  ),
  closed: cause(
    [
      'De postbus van de ontvanger is bij de ontvangende organisatie buiten gebruik.',
      'Vraag de ontvanger welk adres u kunt gebruiken en stuur het bericht daarheen.',
    ],
    [
      "The addressee's mailbox is out of use at the receiving organisation.",
      'Ask the addressee which address you can use, and send the message there.',
    ],
  ),
  full: cause(
    [
      'De postbus van de ontvanger is vol.',
      'Laat de ontvanger weten dat de postbus vol is en stuur het bericht daarna opnieuw.',
    ],
    [
      "The addressee's mailbox is full.",
      'Let the addressee know that the mailbox is full, and then send the message again.',
    ],
  ),
  size: cause(
    [
      'Het bericht is groter dan de ontvangende organisatie aanneemt.',
      'Stuur de bijlagen in kleinere delen, of vraag de ontvanger hoe u grote bestanden kunt sturen.',
    ],
    [
      'The message is larger than the receiving organisation accepts.',
      'Send the attachments in smaller parts, or ask the addressee how to send large files.',
    ],
  ),
  unreachable: cause(
    [
      'De mailserver van de ontvangende organisatie was al die tijd niet bereikbaar of nam het bericht niet aan.',
      'Bel de ontvanger als het bericht dringend is. Stuur het opnieuw als de storing daar voorbij is.',
    ],
    [
      "The receiving organisation's mail server could not be reached, or did not accept the message, in all that time.",
      'Call the addressee if the message is urgent. Send it again when the problem there is solved.',
    ],
  ),
  unsafe: cause(
    [
      'De verbinding met de mailserver van de ontvangende organisatie kon niet veilig worden gemaakt. Daarom is het bericht niet verstuurd.',
      'Geef dit bericht aan uw systeembeheerder of aan de helpdesk. De ontvangende organisatie moet haar mailserver in orde maken. Bel de ontvanger als het bericht dringend is.',
    ],
    [
      "The connection to the receiving organisation's mail server could not be secured. That is why the message was not sent.",
      'Give this message to your system administrator or to the helpdesk. The receiving organisation has to put its mail server in order. Call the addressee if the message is urgent.',
    ],
  ),
  letters: cause(
    [
      'De mailserver van de ontvangende organisatie kan de tekens in dit bericht of adres niet verwerken.',
      'Stuur het bericht naar een adres zonder bijzondere tekens, of stuur de tekst als bijlage. Uw systeembeheerder kan u helpen.',
    ],
    [
      "The receiving organisation's mail server cannot handle the characters in this message or address.",
      'Send the message to an address without special characters, or send the text as an attachment. Your system administrator can help.',
    ],
  ),
  forbidden: cause(
    [
      'De ontvangende organisatie weigert dit bericht volgens haar eigen regels.',
      'Vraag de ontvanger waarom, of geef dit bericht aan uw systeembeheerder.',
    ],
    [
      'The receiving organisation refuses this message by its own rules.',
      'Ask the addressee why, or give this message to your system administrator.',
    ],
  ),
  stopped: cause(
    [
      'De helpdesk van dit berichtenverkeer heeft de bezorging gestopt.',
      'Neem contact op met de helpdesk als u niet weet waarom.',
    ],
    ['The helpdesk of this mail service has stopped the delivery.', 'Ask the helpdesk if you do not know why.'],
  ),
  held: cause(
    [
      'Het bericht werd vastgehouden tot de helpdesk het had bekeken, en dat is niet op tijd gebeurd.',
      'Bel de ontvanger als het bericht dringend is. Neem contact op met de helpdesk voordat u het opnieuw stuurt.',
    ],
    [
      'The message was held until the helpdesk had looked at it, and that was not done in time.',
      'Call the addressee if the message is urgent. Ask the helpdesk before you send it again.',
    ],
  ),
  refused: cause(
    [
      'De mailserver van de ontvangende organisatie heeft het bericht geweigerd.',
      'Bel de ontvanger als het bericht dringend is, en geef dit bericht aan uw systeembeheerder.',
    ],
    [
      "The receiving organisation's mail server refused the message.",
      'Call the addressee if the message is urgent, and give this message to your system administrator.',
    ],
  ),
} as const satisfies Record<string, Causes>;

export type CauseName = keyof typeof CAUSES;

/** Causes by subject and detail of the status; the first that fits counts. */
const BY_STATUS: readonly (readonly [RegExp, CauseName])[] = [
  [/^1\.(?:1|2|3|6|10)$/, 'unknown'],
  [/^2\.1$/, 'closed'],
  [/^(?:2\.2|3\.1)$/, 'full'],
  [/^(?:2\.3|3\.4)$/, 'size'],
  [/^4\./, 'unreachable'],
  [/^(?:6\.7|6\.8|6\.9|6\.10|6\.3|6\.1)$/, 'letters'],
  [/^7\.(?:4|5|6|7|10|11|30)$/, 'unsafe'],
  [/^7\./, 'forbidden'],
];

/**
 * `hand`: the end was the operator's decision, or that no operator decided in time; no server
 * refused it.
 */
export function causeName(status: string, hand?: 'stopped' | 'held'): CauseName {
  if (hand !== undefined) return hand;
  const detail = status.slice(2);
  // Class 4 without more: given up after trying for days.
  return BY_STATUS.find(([of]) => of.test(detail))?.[1] ?? (status.startsWith('4') ? 'unreachable' : 'refused');
}

export const causeOf = (status: string, hand?: 'stopped' | 'held'): Causes => CAUSES[causeName(status, hand)];
