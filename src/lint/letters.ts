/** The report on a tested message as its sender reads it, in both languages. */
import type { Language } from '../domain/registry.ts';
import type { TestedMessage } from '../domain/tested-message.ts';
import { type Block, type Letter, type Letters, facts, lines, text, timeText } from '../letters/letter.ts';
import { MAX_REMARKS, type Remark } from './remarks.ts';
import type { View } from './view.ts';

const MAX_PARTS = 20;
const MAX_INTERCHANGES = 10;

type Pairs = readonly (readonly [string, string])[];

export function testLetters(tested: TestedMessage, view: View | undefined, remarks: readonly Remark[]): Letters {
  return { nl: letter('nl', tested, view, remarks), en: letter('en', tested, view, remarks) };
}

function letter(language: Language, tested: TestedMessage, view: View | undefined, remarks: readonly Remark[]): Letter {
  const t = (nl: string, en: string): string => (language === 'nl' ? nl : en);
  const wrong = remarks.filter((r) => r.grade === 'wrong').length;
  return {
    subject: t(
      `Testrapport: ${wrong === 0 ? 'geen fouten' : `${wrong} ${wrong === 1 ? 'fout' : 'fouten'}`}, ${remarks.length} opmerkingen`,
      `Test report: ${wrong === 0 ? 'no errors' : `${wrong} ${wrong === 1 ? 'error' : 'errors'}`}, ${remarks.length} remarks`,
    ),
    blocks: [
      text(
        t(
          `Dit is het rapport over uw bericht aan ${tested.addressee} van ${timeText(tested.at, 'nl')}. Het is aan niemand bezorgd en niet bewaard. Stuur het rapport door aan de leverancier van uw systeem als daar iets in staat dat beter kan.`,
          `This is the report on your message to ${tested.addressee} of ${timeText(tested.at, 'en')}. It was delivered to nobody and not kept. Pass the report on to the vendor of your system if it says what could be better.`,
        ),
      ),
      ...remarkBlocks(t, language, remarks),
      facts(t('De verbinding:', 'The connection:'), connection(t, tested)),
      facts(t('Het bericht:', 'The message:'), message(t, tested)),
      ...partBlocks(t, tested),
      ...ediBlocks(t, tested),
      ...viewBlocks(t, view),
      facts(t('Wat een ontvanger zou ontvangen:', 'What an addressee would receive:'), received(t, tested)),
    ],
  };
}

type T = (nl: string, en: string) => string;

function remarkBlocks(t: T, language: Language, remarks: readonly Remark[]): Block[] {
  if (remarks.length === 0) return [text(t('Er is niets te verbeteren.', 'There is nothing to correct.'))];
  const grade = { wrong: t('FOUT', 'WRONG'), better: t('BETER', 'BETTER') } as const;
  return [
    text(t('Opmerkingen:', 'Remarks:')),
    ...remarks.map(({ grade: g, words, rfc }, i) =>
      text(`${i + 1}. ${grade[g]}: ${words[language]}${rfc === '' ? '' : ` [${rfc}]`}`),
    ),
    ...(remarks.length === MAX_REMARKS
      ? [text(t('Er zijn er meer; dit zijn de eerste.', 'There are more; these are the first.'))]
      : []),
  ];
}

const connection = (t: T, { session: { tls, cipher, mechanism, helo } }: TestedMessage): Pairs => [
  ['TLS', `${tls} (${cipher})`],
  [
    t('Inloggen', 'Login'),
    mechanism === '' ? t('clientcertificaat zonder AUTH', 'client certificate without AUTH') : `AUTH ${mechanism}`,
  ],
  [t('Noemt zich', 'Calls itself'), helo],
];

function message(t: T, { quirks, encrypted, parts: { leaves } }: TestedMessage): Pairs {
  const bare = quirks.find(({ quirk }) => quirk === 'line-ends' || quirk === 'lf-only');
  const long = quirks.find(({ quirk }) => quirk === 'long-lines');
  const signature = leaves.find(({ type }) => /^application\/(?:x-)?(?:pkcs7|pgp)-signature$/.test(type));
  const none = t('geen', 'none');
  return [
    [
      t('Regeleinden', 'Line ends'),
      bare === undefined ? 'CRLF' : t(`${bare.count} keer niet CRLF`, `${bare.count} times not CRLF`),
    ],
    [t('Lange regels', 'Long lines'), long === undefined ? none : String(long.count)],
    [
      t('Handtekening', 'Signature'),
      signature === undefined
        ? none
        : signature.type.includes('pgp')
          ? 'PGP/MIME'
          : t('S/MIME, los', 'S/MIME, detached'),
    ],
    [
      t('Versleuteld', 'Encrypted'),
      encrypted
        ? t('ja, door de afzender; de inhoud is niet bekeken', 'yes, by the sender; the content was not looked at')
        : t('nee', 'no'),
    ],
  ];
}

function partBlocks(t: T, { parts: { leaves } }: TestedMessage): Block[] {
  const shown = leaves.slice(0, MAX_PARTS);
  const rows = shown.flatMap(({ path, type, name, encoding, octets, sha256 }): (readonly [string, string])[] => [
    [
      t(`Deel ${path}`, `Part ${path}`),
      [type, name, encoding, t(`${octets} octetten`, `${octets} octets`)].filter((x) => x !== '').join(', '),
    ],
    ['  SHA-256', sha256],
  ]);
  const more = leaves.length - shown.length;
  return [
    facts(t('Onderdelen, gedecodeerd:', 'Parts, decoded:'), [
      ...rows,
      ...(more > 0 ? [[t('Verder', 'Further'), String(more)] as const] : []),
    ]),
  ];
}

const ediBlocks = (t: T, { parts: { interchanges } }: TestedMessage): Block[] =>
  interchanges
    .slice(0, MAX_INTERCHANGES)
    .map(({ part, format, syntax, sender, recipient, reference, test, messages, controls }) =>
      facts(
        t(`EDI in deel ${part}:`, `EDI in part ${part}:`),
        (
          [
            [
              t('Formaat', 'Format'),
              `${format === 'edifact' ? 'EDIFACT' : format === 'hl7' ? 'HL7 v2' : 'XML'} ${syntax}`.trim(),
            ],
            [t('Afzender', 'Sender'), party(sender)],
            [t('Ontvanger', 'Recipient'), party(recipient)],
            [t('Kenmerk', 'Reference'), reference],
            [t('Berichten', 'Messages'), messages.map((m) => `${m.count} x ${m.type} ${m.version}`.trim()).join(', ')],
            [t('Test', 'Test'), test ? t('ja', 'yes') : ''],
            [
              t('Controletotalen', 'Control totals'),
              controls === 'right'
                ? t('kloppen', 'right')
                : controls === 'wrong'
                  ? t('kloppen niet', 'wrong')
                  : t('geen', 'none'),
            ],
          ] as const
        ).filter(([, value]) => value !== ''),
      ),
    );

const party = ({ id, qualifier }: { readonly id: string; readonly qualifier: string }): string =>
  qualifier === '' ? id : `${id} (${qualifier})`;

function viewBlocks(t: T, view: View | undefined): Block[] {
  if (view === undefined)
    return [
      text(
        t(
          'Hoe een mailprogramma het bericht leest, kon dit keer niet worden bekeken.',
          'How a mail program reads the message could not be looked at this time.',
        ),
      ),
    ];
  const known: Pairs = [
    [t('Onderwerp', 'Subject'), view.subject],
    [t('Van', 'From'), view.from],
    [t('Aan', 'To'), view.to],
    [t('Datum', 'Date'), view.date],
    ...view.files.map(
      ({ name, type, octets }) =>
        [t('Bijlage', 'Attachment'), `${name === '' ? '-' : name}, ${type}, ${octets}`] as const,
    ),
  ];
  const shown = view.text.filter((line) => line.trim() !== '');
  return [
    facts(
      t('Zo leest een mailprogramma het begin:', 'A mail program reads the beginning like this:'),
      known.filter(([, value]) => value !== ''),
    ),
    ...(shown.length === 0 ? [] : [lines(...shown)]),
  ];
}

function received(t: T, { octets, sha256, quirks, removed }: TestedMessage): Pairs {
  const met = new Set(quirks.map(({ quirk }) => quirk));
  const added = [
    'Received',
    ...(met.has('no-date') ? ['Date'] : []),
    ...(met.has('no-message-id') ? ['Message-ID'] : []),
  ];
  return [
    [t('Grootte', 'Size'), t(`${octets} octetten`, `${octets} octets`)],
    [t('Toegevoegd', 'Added'), added.join(', ')],
    ...(removed.length === 0 ? [] : [[t('Weggelaten', 'Left out'), [...new Set(removed)].join(', ')] as const]),
    [
      t('Veranderd', 'Changed'),
      met.has('line-ends') || met.has('lf-only')
        ? t('regeleinden naar CRLF', 'line ends to CRLF')
        : t('niets', 'nothing'),
    ],
    ['SHA-256', sha256],
    [
      t('Beveiliging', 'Protection'),
      t(
        'ondertekenen en versleutelen door de gateway hangt af van de ontvanger en is hier niet gedaan',
        'signing and encryption by the gateway depend on the addressee and were not done here',
      ),
    ],
  ];
}
