/** What the owner of a webhook reads when it gets no more events. */
import { type Letters, facts, lines, text } from './letter.ts';

export interface StoppedWebhook {
  readonly name: string;
  /** Host of its URL. */
  readonly host: string;
  readonly id: string;
  /**
   * `paused`: nothing got through for hours. `gone`: the receiver answered that it no longer
   * exists.
   */
  readonly what: 'paused' | 'gone';
  readonly why: string;
}

const WHY = {
  name: { nl: 'de naam is niet te vinden in DNS', en: 'the name is not found in DNS' },
  address: { nl: 'het adres ligt niet op het openbare internet', en: 'the address is not on the public internet' },
  connection: { nl: 'er is geen verbinding', en: 'there is no connection' },
  certificate: { nl: 'het certificaat wordt niet vertrouwd', en: 'the certificate is not trusted' },
  timeout: { nl: 'er kwam op tijd geen antwoord', en: 'no answer came in time' },
  broken: { nl: 'het antwoord was geen HTTP', en: 'the answer was not HTTP' },
  secret: { nl: 'het geheim is niet te openen', en: 'the secret cannot be opened' },
} as const;
const isKnown = (why: string): why is keyof typeof WHY => Object.hasOwn(WHY, why);
const reason = (why: string, language: 'nl' | 'en'): string =>
  isKnown(why)
    ? WHY[why][language]
    : why.replace('status-', language === 'nl' ? 'antwoord met status ' : 'answer with status ');

export function webhookLetters({ name, host, id, what, why }: StoppedWebhook): Letters {
  return {
    nl: {
      subject: what === 'paused' ? `Webhook gepauzeerd: ${name}` : `Webhook beëindigd: ${name}`,
      blocks: [
        text(
          what === 'paused'
            ? 'Deze webhook krijgt geen meldingen meer, omdat tien pogingen achter elkaar mislukten:'
            : 'Deze webhook krijgt geen meldingen meer: de ontvanger heeft geantwoord dat hij niet meer bestaat (410).',
        ),
        lines(`${name} (${host})`),
        text(
          'Berichten worden gewoon bezorgd en blijven klaarstaan in de postbus; alleen de meldingen komen niet aan.',
        ),
        text(
          what === 'paused'
            ? 'Wat u moet doen: geef dit bericht aan degene die de ontvanger beheert. Werkt die weer, hervat dan de webhook. Gebeurtenissen van de laatste 7 dagen worden dan alsnog gemeld, in volgorde.'
            : 'Wat u moet doen: geef dit bericht aan degene die de ontvanger beheert. Is er een nieuwe ontvanger, meld die dan aan als nieuwe webhook.',
        ),
        facts('Het gaat om deze webhook:', [
          ['Nummer', id],
          ['Laatste fout', reason(why, 'nl')],
        ]),
      ],
    },
    en: {
      subject: what === 'paused' ? `Webhook paused: ${name}` : `Webhook ended: ${name}`,
      blocks: [
        text(
          what === 'paused'
            ? 'The gateway no longer sends events to this webhook, because ten attempts in a row have failed:'
            : 'The gateway no longer sends events to this webhook: its receiver has answered that it is gone (410).',
        ),
        lines(`${name} (${host})`),
        text('Messages are delivered as usual and wait in the mailbox; only the events do not arrive.'),
        text(
          what === 'paused'
            ? 'What to do: give this message to the person who looks after the receiver. When it works again, resume the webhook. The events of the last 7 days are then sent after all, in order.'
            : 'What to do: give this message to the person who looks after the receiver. If there is a new one, add it as a new webhook.',
        ),
        facts('It is about this webhook:', [
          ['Number', id],
          ['Last failure', reason(why, 'en')],
        ]),
      ],
    },
  };
}
