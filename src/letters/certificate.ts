/** What the owner of a certificate reads before it ends. */
import type { Language } from '../domain/registry.ts';
import type { Instant } from '../domain/units.ts';
import { type Block, type Letters, dayText, facts, lines, text } from './letter.ts';

export interface EndingCertificate {
  readonly login: string;
  readonly use: 'login' | 'mail';
  /** For people: the subject of the certificate. */
  readonly subject: string;
  readonly serial: string;
  readonly notAfter: Instant;
  /** Whole days; 0 on the last one. */
  readonly daysLeft: number;
}

const WORDS = {
  nl: { title: 'Het gaat om dit certificaat:', subject: 'Certificaat', serial: 'Serienummer', until: 'Geldig tot' },
  en: { title: 'It is about this certificate:', subject: 'Certificate', serial: 'Serial number', until: 'Valid until' },
} as const;

function about({ subject, serial, notAfter }: EndingCertificate, language: Language): Block {
  const words = WORDS[language];
  return facts(words.title, [
    [words.subject, subject],
    [words.serial, serial],
    [words.until, dayText(notAfter, language)],
  ]);
}

export function certificateLetters(certificate: EndingCertificate): Letters {
  const { login, use, notAfter, daysLeft } = certificate;
  const when = {
    nl: daysLeft === 0 ? 'vandaag' : daysLeft === 1 ? 'over 1 dag' : `over ${daysLeft} dagen`,
    en: daysLeft === 0 ? 'today' : daysLeft === 1 ? 'in 1 day' : `in ${daysLeft} days`,
  };
  return {
    nl: {
      subject: `Uw certificaat verloopt ${when.nl}`,
      blocks: [
        text(`Dit certificaat verloopt ${when.nl}, op ${dayText(notAfter, 'nl')}:`),
        lines(login),
        text(
          use === 'login'
            ? 'Uw systeem logt ermee in. Daarna kan het zonder wachtwoord geen berichten meer versturen of ophalen.'
            : 'Het beveiligt uw berichten. Daarna kunnen anderen u geen versleutelde berichten meer sturen.',
        ),
        text(
          'Wat u moet doen: geef dit bericht aan degene die uw systeem beheert en vraag om een nieuw certificaat. Oud en nieuw zijn een tijd naast elkaar geldig. U kunt dus wisselen zonder onderbreking.',
        ),
        about(certificate, 'nl'),
      ],
    },
    en: {
      subject: `Your certificate expires ${when.en}`,
      blocks: [
        text(`This certificate expires ${when.en}, on ${dayText(notAfter, 'en')}:`),
        lines(login),
        text(
          use === 'login'
            ? 'Your system logs in with it. After that it can neither send nor fetch messages without a password.'
            : 'It protects your messages. After that nobody can send you encrypted messages.',
        ),
        text(
          'What to do: give this message to the person who looks after your system and ask for a new certificate. The old and the new one are valid side by side for a while. So you can change without an interruption.',
        ),
        about(certificate, 'en'),
      ],
    },
  };
}
