/**
 * What the operator reads before a certificate ends that is no account's, and what each kind of
 * them is called.
 */
import { formatName } from '../crypto/certificates/distinguished-name.ts';
import type { GatewayCertificateKind, Judged } from '../crypto/certificates/gateway-certificates.ts';
import type { Language } from '../domain/registry.ts';
import { type Letters, dayText, facts, lines, text } from './letter.ts';

interface Words {
  /** Begins a sentence about one certificate. */
  readonly what: string;
  readonly then: string;
  /** The remedy, as the end of a sentence. */
  readonly remedy: string;
}

/** What each certificate is, what its end means, and what to do. */
export const ENDING_WORDS: Readonly<Record<GatewayCertificateKind, Readonly<Record<Language, Words>>>> = {
  listener: {
    nl: {
      what: 'Een certificaat van een poort',
      then: 'Daarna weigeren programma’s te verbinden.',
      remedy: 'zet sleutel en certificaat, met de keten, op hun plaats',
    },
    en: {
      what: 'a certificate of a listener',
      then: 'After that programs refuse to connect.',
      remedy: 'put key and certificate, with its chain, in place',
    },
  },
  'client-authority': trusted('tls.client-authorities', {
    nl: 'Daarna logt niemand meer in met een certificaat van deze autoriteit.',
    en: 'After that nobody logs in with a certificate of this authority.',
  }),
  'mail-authority': trusted('smime.authorities', {
    nl: 'Daarna is elke handtekening en elk certificaat van deze autoriteit ongeldig.',
    en: 'After that every signature and certificate of this authority is invalid.',
  }),
  'time-stamp-authority': trusted('audit.timestamp-authorities', {
    nl: 'Daarna worden nieuwe tijdstempels van deze autoriteit geweigerd.',
    en: 'After that new time stamps of this authority are refused.',
  }),
  root: own('"sluis ca renew-root"'),
  issuing: own('"sluis ca renew-issuer"'),
  cross: own('"sluis ca show"'),
  evidence: {
    nl: {
      what: 'Het certificaat dat bewijs ondertekent',
      then: 'Bewijs dat ermee is ondertekend, blijft te controleren. Voor bewijs van na die dag geldt dat niet.',
      remedy:
        'bewaar evidence/evidence.pem uit de sleutelmap voor wie oud bewijs controleert, en haal het daar samen met evidence.key weg: de gateway maakt beide opnieuw bij het volgende bewijs',
    },
    en: {
      what: 'the certificate that signs evidence',
      then: 'Evidence that it signed can still be checked. Evidence from after that day cannot.',
      remedy:
        'keep evidence/evidence.pem of the key folder for whoever checks old evidence, and move it away together with evidence.key: the gateway makes both again with the next evidence',
    },
  },
  'partner-certificate': {
    nl: {
      what: 'Een certificaat dat wij een partner tonen',
      then: 'Daarna neemt de server van de partner onze berichten niet meer aan; ze blijven wachten.',
      remedy: 'vraag een nieuw aan, en "sluis partner set NAAM --client-certificate BESTAND --client-key BESTAND"',
    },
    en: {
      what: 'a certificate that we show to a partner',
      then: "After that the partner's server no longer accepts our messages; they wait.",
      remedy: 'get a new one, and "sluis partner set NAME --client-certificate FILE --client-key FILE"',
    },
  },
  'partner-authority': {
    nl: {
      what: 'Een autoriteit die het certificaat van een partner mag uitgeven',
      then: 'Daarna wordt een certificaat van deze autoriteit niet meer vertrouwd, en blijven berichten voor de partner wachten.',
      remedy:
        'vraag de partner, niet per mail, naar de opvolger, en "sluis partner set NAAM --ca BESTAND" met oud en nieuw',
    },
    en: {
      what: "an authority that may issue a partner's certificate",
      then: 'After that no certificate of this authority is trusted, and messages for the partner wait.',
      remedy:
        'ask the partner, not by mail, for its successor, and "sluis partner set NAME --ca FILE" with old and new',
    },
  },
  'partner-server': {
    nl: {
      what: 'Het certificaat van de server van een partner',
      then: 'Daarna blijven berichten voor de partner wachten. Is het vastgelegd met --pin, dan geldt dat ook voor het volgende.',
      remedy:
        'vraag de partner of het vernieuwd wordt; "sluis partner set NAAM --pin PIN --pin PIN" legt oud en nieuw vast',
    },
    en: {
      what: "the certificate of a partner's server",
      then: 'After that messages for the partner wait. If it is pinned (--pin), that is so for the next one too.',
      remedy: 'ask the partner whether it is renewed; "sluis partner set NAME --pin PIN --pin PIN" pins old and new',
    },
  },
};

function trusted(setting: string, then: Readonly<Record<Language, string>>): Readonly<Record<Language, Words>> {
  return {
    nl: {
      what: `Een autoriteit uit ${setting}`,
      then: then.nl,
      remedy: `vraag de eigenaar naar de opvolger, en zet die in ${setting} naast de oude`,
    },
    en: {
      what: `an authority of ${setting}`,
      then: then.en,
      remedy: `ask its owner for the successor, and add it to ${setting} beside the old one`,
    },
  };
}

function own(command: string): Readonly<Record<Language, Words>> {
  return {
    nl: {
      what: 'Een certificaat van de eigen autoriteit',
      then: 'Daarna is alles ongeldig wat ermee is uitgegeven.',
      remedy: `zie ${command} en "Roll-over" in docs/commands.md, ca`,
    },
    en: {
      what: 'a certificate of our own authority',
      then: 'After that everything that was issued under it is invalid.',
      remedy: `see ${command} and "Roll-over" in docs/commands.md, ca`,
    },
  };
}

/** Places that a letter names. */
const NAMED = 20;

/** `left`: whole days; 0 on the last one. */
export function gatewayCertificateLetters(places: readonly [Judged, ...Judged[]], left: number): Letters {
  const [{ kind, certificate }] = places;
  const { nl, en } = ENDING_WORDS[kind];
  const names = places.slice(0, NAMED).map(({ name }) => name);
  const rest = places.length - names.length;
  const shown = rest > 0 ? [...names, `+ ${rest}`] : names;
  const when = {
    nl: left === 0 ? 'vandaag' : left === 1 ? 'over 1 dag' : `over ${left} dagen`,
    en: left === 0 ? 'today' : left === 1 ? 'in 1 day' : `in ${left} days`,
  };
  const subject = formatName(certificate.subject);
  const begins = (word: string): string => word.slice(0, 1).toUpperCase() + word.slice(1);
  return {
    nl: {
      subject: `${nl.what} verloopt ${when.nl}`,
      blocks: [
        text(`${nl.what} verloopt ${when.nl}, op ${dayText(certificate.notAfter, 'nl')}:`),
        lines(...shown),
        text(nl.then),
        text(`Wat u moet doen: ${nl.remedy}. "sluis cert list --expiring 60d" toont het.`),
        facts('Het gaat om dit certificaat:', [
          ['Certificaat', subject],
          ['Serienummer', certificate.serial],
          ['Vingerafdruk', certificate.fingerprint],
        ]),
      ],
    },
    en: {
      subject: `${begins(en.what)} expires ${when.en}`,
      blocks: [
        text(`${begins(en.what)} expires ${when.en}, on ${dayText(certificate.notAfter, 'en')}:`),
        lines(...shown),
        text(en.then),
        text(`What to do: ${en.remedy}. "sluis cert list --expiring 60d" shows it.`),
        facts('It is about this certificate:', [
          ['Certificate', subject],
          ['Serial number', certificate.serial],
          ['Fingerprint', certificate.fingerprint],
        ]),
      ],
    },
  };
}
