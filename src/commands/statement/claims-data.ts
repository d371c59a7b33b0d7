/** Sentences about what is kept and how long, for whom, and what the operator handed in. */
import { settingsTable } from '../../domain/settings.ts';
import { type Said, say } from './claim.ts';
import type { StatementFacts } from './facts.ts';

/** Of a length of time as the configuration file writes it. */
function daysOf(written: string): readonly [nl: string, en: string] {
  const [, n = '', unit = ''] = /^(\d+)([a-z]+)$/.exec(written) ?? [];
  return unit === 'd' ? [`${n} dagen`, `${n} days`] : [written, written];
}

export function retentionClaims({ retention, organisation }: StatementFacts): readonly Said[] {
  const uncollected = organisation?.keepUncollected ?? settingsTable['keep-uncollected'].default;
  const rule = (id: string, name: string, nl: string, en: string): readonly Said[] => {
    const value = retention[name];
    const own = id === 'retention.deleted' ? organisation?.keepDeleted : undefined;
    if (own !== undefined) return [say(id, true, `${nl}: ${own} dagen.`, `${en}: ${own} days.`)];
    if (value === undefined) return [];
    const [days, inEnglish] = daysOf(value);
    return [say(id, true, `${nl}: ${days}.`, `${en}: ${inEnglish}.`)];
  };
  return [
    say(
      'retention.uncollected',
      true,
      `Een bericht dat niemand ophaalt: ${uncollected} dagen.`,
      `A message that nobody fetches: ${uncollected} days.`,
    ),
    ...rule('retention.deleted', 'store.keep-deleted', 'Een verwijderd bericht', 'A deleted message'),
    ...rule(
      'retention.trace',
      'store.keep-trace',
      'Wie wat aan wie stuurde, daarna',
      'Who sent what to whom, after that',
    ),
    ...rule('retention.held', 'delivery.keep-held', 'Een vastgehouden bericht', 'A held message'),
    ...rule(
      'retention.access',
      'audit.keep-access',
      'Wie inlogde en van waar, in het logboek',
      'Who logged in and from where, in the trail',
    ),
    ...rule(
      'retention.change',
      'audit.keep-change',
      'Wie wat veranderde, in het logboek',
      'Who changed what, in the trail',
    ),
    ...rule(
      'retention.chain',
      'audit.keep-chain',
      'Wat met berichten gebeurde, in het logboek',
      'What became of messages, in the trail',
    ),
    retention['backup.keep-for'] === undefined
      ? say('retention.backups', false, 'Een bewaartermijn in dagen voor back-ups.', 'A period in days for backups.')
      : say(
          'retention.backups',
          true,
          `Een back-up: ${daysOf(retention['backup.keep-for'])[0]}.`,
          `A backup: ${daysOf(retention['backup.keep-for'])[1]}.`,
        ),
  ];
}

/** Kinds of data, in the words of people; table by table they stand in docs/privacy.md. */
export const DATA_WORDS: readonly (readonly [area: string, nl: string, en: string])[] = [
  ['content', 'inhoud van berichten, versleuteld', 'content of messages, encrypted'],
  ['envelope', 'wie aan wie stuurde en wanneer', 'who sent to whom, and when'],
  ['registry', 'organisaties, accounts en adressen', 'organisations, accounts and addresses'],
  ['credential', 'wachtwoorden (als hash) en certificaten', 'passwords (as hashes) and certificates'],
  ['trail', 'het logboek: wie wat deed en van waar', 'the trail: who did what, and from where'],
  ['technical', 'tellingen en toestanden zonder inhoud', 'counts and states without content'],
];

export function processorClaims(
  { given }: StatementFacts,
  { title, privacy }: NonNullable<StatementFacts['organisation']>,
): readonly Said[] {
  const asked = (name: string, nl: string, en: string): Said => {
    const value = privacy[name];
    return value === undefined
      ? say(`processor.${name}`, false, `${nl}.`, `${en}.`)
      : say(`processor.${name}`, true, `${nl}: "${value}".`, `${en}: "${value}".`);
  };
  const { processors } = given;
  return [
    say('processor.for', true, `Deze bijlage is voor ${title}.`, `This annex is for ${title}.`),
    asked('purpose', 'Doel van de verwerking', 'Purpose of the processing'),
    asked('legal-basis', 'Grondslag', 'Legal basis'),
    asked('processor-agreement', 'Verwerkersovereenkomst', 'Processor agreement'),
    ...DATA_WORDS.map(([area, nl, en]) =>
      say(`processor.kind.${area}`, true, `Soort gegevens: ${nl}.`, `Kind of data: ${en}.`),
    ),
    ...(processors === undefined
      ? [
          say(
            'processor.sub',
            false,
            'Een opgave van subverwerkers: de operator gaf er geen.',
            'A file of sub-processors: the operator gave none.',
          ),
        ]
      : processors.length === 0
        ? [
            say(
              'processor.sub',
              true,
              'De operator geeft op dat er geen subverwerkers zijn.',
              'The operator says that there are no sub-processors.',
            ),
          ]
        : processors.map(({ name, service, country }, i) =>
            say(
              `processor.sub.${i + 1}`,
              true,
              `Subverwerker: "${name}, ${service}, ${country}".`,
              `Sub-processor: "${name}, ${service}, ${country}".`,
            ),
          )),
  ];
}

export const certificateClaims = ({ given: { certificates } }: StatementFacts): readonly Said[] =>
  certificates.length === 0
    ? [
        say(
          'certificates.none',
          false,
          'Certificaten van een auditor: de operator gaf er geen.',
          'Certificates of an auditor: the operator gave none.',
        ),
      ]
    : certificates.map(({ name, sha256 }, i) =>
        say(
          `certificates.${i + 1}`,
          true,
          `De operator gaf het bestand "${name}"; de gateway leest het niet. SHA-256: ${sha256}.`,
          `The operator gave the file "${name}"; the gateway does not read it. SHA-256: ${sha256}.`,
        ),
      );
