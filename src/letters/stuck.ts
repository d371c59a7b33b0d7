/**
 * What the owner of a mailbox and the operator read of a message at which a mail program ends again
 * and again. Nothing of the message itself stands in these, neither its subject nor its Message-ID:
 * the program that could not read it is to read this.
 */
import type { Instant } from '../domain/units.ts';
import { type Block, type Letters, facts, lines, text, timeText } from './letter.ts';

export interface Stuck {
  readonly login: string;
  /** Ours. */
  readonly id: string;
  /** When it was accepted. */
  readonly at: Instant;
  /** As its envelope says. */
  readonly sender: string;
  readonly octets: number;
  /** Sessions that ended at it; absent: an operator asked for it. */
  readonly sessions?: number;
  readonly network?: string;
}

/** An address with other characters may be the very thing that the program cannot read. */
const plainSender = (sender: string): string | undefined => (/^[\x21-\x7e]{1,200}$/.test(sender) ? sender : undefined);

const aboutIt = ({ login, id, at, sender, octets, network }: Stuck, language: 'nl' | 'en'): Block => {
  const words =
    language === 'nl'
      ? ['Het gaat om dit bericht:', 'Postbus', 'Verstuurd', 'Afzender', 'Grootte', 'Opgehaald van', 'Ons nummer']
      : ['It is about this message:', 'Mailbox', 'Sent', 'Sender', 'Size', 'Fetched from', 'Our number'];
  const [title = '', mailbox = '', sent = '', from = '', size = '', where = '', number = ''] = words;
  const address = plainSender(sender);
  return facts(title, [
    [mailbox, login],
    [sent, timeText(at, language)],
    ...(address === undefined ? [] : [[from, address] as const]),
    [size, `${Math.max(1, Math.round(octets / 1024))} kB`],
    ...(network === undefined ? [] : [[where, network] as const]),
    [number, id],
  ]);
};

/** The message is where it was. */
export function stuckLetters(stuck: Stuck): Letters {
  const { login, sessions = 0 } = stuck;
  return {
    nl: {
      subject: `Mailprogramma blijft steken bij een bericht: ${login}`,
      blocks: [
        text(
          `Het mailprogramma van deze postbus stopt steeds bij hetzelfde bericht, nu ${sessions} keer. De berichten daarna worden niet opgehaald.`,
        ),
        text(
          'Wat u moet doen: vraag de leverancier van het programma wat er misgaat. De helpdesk kan dit bericht apart zetten. Dan komt de rest weer binnen.',
        ),
        aboutIt(stuck, 'nl'),
      ],
    },
    en: {
      subject: `A mail program is stuck at a message: ${login}`,
      blocks: [
        text(
          `The mail program of this mailbox stops at the same message each time, ${sessions} times by now. The messages after it are not fetched.`,
        ),
        text(
          'What to do: ask the supplier of the program what goes wrong. The helpdesk can set this message aside. Then the rest comes in again.',
        ),
        aboutIt(stuck, 'en'),
      ],
    },
  };
}

/** It was taken out of the mailbox, and is held. */
export function asideLetters(stuck: Stuck): Letters {
  return {
    nl: {
      subject: `Een bericht is apart gezet: ${stuck.login}`,
      blocks: [
        text(
          stuck.sessions === undefined
            ? 'De helpdesk heeft een bericht uit deze postbus apart gezet. Uw mailprogramma kon het niet ophalen.'
            : `Wij hebben een bericht uit deze postbus apart gezet. Het ophalen stopte er ${stuck.sessions} keer bij. De berichten erachter kunnen nu worden opgehaald.`,
        ),
        text(
          'Het bericht is niet weg: wij bewaren het zoals het kwam. Wat u moet doen: bel de helpdesk om te horen van wie het is en hoe u het kunt lezen. Heeft het haast? Bel dan de afzender.',
        ),
        aboutIt(stuck, 'nl'),
      ],
    },
    en: {
      subject: `A message was set aside: ${stuck.login}`,
      blocks: [
        text(
          stuck.sessions === undefined
            ? 'The helpdesk has set a message of this mailbox aside. Your mail program could not fetch it.'
            : `We have set a message of this mailbox aside. Fetching stopped at it ${stuck.sessions} times. The messages behind it can be fetched now.`,
        ),
        text(
          'The message is not gone: we keep it as it came. What to do: call the helpdesk to hear who sent it and how you can read it. Is it urgent? Then call the sender.',
        ),
        aboutIt(stuck, 'en'),
      ],
    },
  };
}

/** To the operator: what to look at, and what to type. */
export function stuckForOperatorLetters(stuck: Stuck, held: boolean): Letters {
  const { id, login } = stuck;
  const commands = held
    ? [
        `sluis trace ${id}`,
        `sluis queue release --message ${id} --reason TEXT`,
        `sluis queue fail --message ${id} --reason TEXT`,
      ]
    : [`sluis trace ${id}`, `sluis mailbox set-aside ${login} ${id} --reason TEXT`];
  const { nl, en } = held ? asideLetters(stuck) : stuckLetters(stuck);
  return {
    nl: {
      subject: nl.subject,
      blocks: [
        text(
          held
            ? 'Een mailprogramma stopte steeds bij hetzelfde bericht. Het is uit de postbus genomen en wacht op u. Bekijken, teruggeven, of weigeren (de afzender krijgt bericht):'
            : 'Een mailprogramma stopt steeds bij hetzelfde bericht. Bekijken, of apart zetten zodat de rest wordt opgehaald:',
        ),
        lines(...commands),
        text('Faalt het programma bij elk bericht? Dan ligt het niet aan dit bericht.'),
        ...nl.blocks.slice(-1),
      ],
    },
    en: {
      subject: en.subject,
      blocks: [
        text(
          held
            ? 'A mail program stopped at the same message each time. It was taken out of the mailbox and waits for you. Look at it, give it back, or refuse it (its sender is told):'
            : 'A mail program stops at the same message each time. Look at it, or set it aside so that the rest is fetched:',
        ),
        lines(...commands),
        text('Does the program fail at every message? Then this message is not the cause.'),
        ...en.blocks.slice(-1),
      ],
    },
  };
}
