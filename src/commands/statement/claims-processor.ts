/**
 * The annex for one organisation: what article 28 GDPR asks a processor to put in writing. It names
 * purpose, kinds of data, data subjects, periods and sub-processors; and how the gateway is
 * measured, instructed, inspected and left. What only people can say comes from a setting of the
 * organisation or a file of the operator.
 */
import { type Both, type Said, say } from './claim.ts';
import { daysOf } from './claims-data.ts';
import type { StatementFacts } from './facts.ts';

/** Kinds of data in plain words. docs/data.md has them table by table. */
export const DATA_WORDS: readonly (readonly [area: string, nl: string, en: string])[] = [
  ['content', 'inhoud van berichten, versleuteld', 'content of messages, encrypted'],
  ['envelope', 'wie aan wie stuurde en wanneer', 'who sent to whom, and when'],
  ['registry', 'organisaties, accounts en adressen', 'organisations, accounts and addresses'],
  ['credential', 'wachtwoorden (als hash) en certificaten', 'passwords (as hashes) and certificates'],
  ['trail', 'het logboek: wie wat deed en van waar', 'the trail: who did what, and from where'],
  ['technical', 'tellingen en toestanden zonder inhoud', 'counts and states without content'],
];

/** The people that the data are about. */
const SUBJECTS: Readonly<Record<string, Both>> = {
  patients: { nl: 'patiënten over wie berichten gaan', en: 'patients whom messages are about' },
  members: {
    nl: 'mensen die met een account mailen of gemaild worden',
    en: 'people who mail with an account, or are mailed to',
  },
  operators: { nl: 'operators van de gateway', en: 'operators of the gateway' },
};

type Customer = NonNullable<StatementFacts['organisation']>;

/** `missing`: for each other section, how many of its sentences are not in place. */
export function processorClaims(
  facts: StatementFacts,
  { title, privacy }: Customer,
  missing: ReadonlyMap<string, number>,
): readonly Said[] {
  const asked = (name: string, nl: string, en: string): Said => {
    const value = privacy[name];
    return value === undefined
      ? say(`processor.${name}`, false, `${nl}: niemand gaf het op.`, `${en}: nobody stated it.`)
      : say(`processor.${name}`, true, `${nl}: "${value}".`, `${en}: "${value}".`);
  };
  return [
    say('processor.for', true, `Deze bijlage is voor ${title}.`, `This annex is for ${title}.`),
    asked('purpose', 'Doel van de verwerking', 'Purpose of the processing'),
    asked('legal-basis', 'Grondslag', 'Legal basis'),
    ...DATA_WORDS.map(([area, nl, en]) =>
      say(`processor.kind.${area}`, true, `Soort gegevens: ${nl}.`, `Kind of data: ${en}.`),
    ),
    ...Object.entries(SUBJECTS).map(([who, { nl, en }]) =>
      say(`processor.subject.${who}`, true, `Betrokkenen: ${nl}.`, `Data subjects: ${en}.`),
    ),
    periods(missing.get('retention') ?? 0),
    ...subProcessors(facts),
    asked('processor-agreement', 'Verwerkersovereenkomst', 'Processor agreement'),
    measures([...missing.values()].reduce((sum, one) => sum + one, 0)),
    instructions(privacy['processor-agreement']),
    ...inspection(facts),
    atTheEnd(facts),
  ];
}

const periods = (missing: number): Said =>
  missing === 0
    ? say(
        'processor.periods',
        true,
        'Termijnen: die onder "Bewaartermijnen" gelden voor deze organisatie.',
        'Periods: those under "Retention" hold for this organisation.',
      )
    : say(
        'processor.periods',
        false,
        'Een termijn voor elke soort gegevens: onder "Bewaartermijnen" staat wat er mist.',
        'A period for each kind of data: under "Retention" stands what is missing.',
      );

function subProcessors({ given: { processors } }: StatementFacts): readonly Said[] {
  if (processors === undefined)
    return [
      say(
        'processor.sub',
        false,
        'Een opgave van subverwerkers: de operator gaf er geen.',
        'A file of sub-processors: the operator gave none.',
      ),
    ];
  if (processors.length === 0)
    return [
      say(
        'processor.sub',
        true,
        'De operator geeft op dat er geen subverwerkers zijn.',
        'The operator says that there are no sub-processors.',
      ),
    ];
  return processors.map(({ name, service, country }, i) =>
    say(
      `processor.sub.${i + 1}`,
      true,
      `Subverwerker: "${name}, ${service}, ${country}".`,
      `Sub-processor: "${name}, ${service}, ${country}".`,
    ),
  );
}

/** Article 32 GDPR: the security of processing. */
const measures = (missing: number): Said =>
  missing === 0
    ? say(
        'processor.measures',
        true,
        'Maatregelen: alle die deze verklaring noemt, zijn ingericht.',
        'Measures: all that this statement names are in place.',
      )
    : say(
        'processor.measures',
        false,
        `Alle maatregelen: ${missing} zinnen hierboven zeggen wat er mist.`,
        `All measures: ${missing} sentences above say what is missing.`,
      );

const instructions = (agreement: string | undefined): Said =>
  agreement === undefined
    ? say(
        'processor.instructions',
        false,
        'Een opdracht op schrift: er is geen overeenkomst opgegeven.',
        'An instruction in writing: no agreement was stated.',
      )
    : say(
        'processor.instructions',
        true,
        'Opdracht: die staat in de overeenkomst. Wat een operator doet, staat in het logboek.',
        'Instructions: they are in the agreement. What an operator does is in the trail.',
      );

/**
 * What the organisation can inspect itself, and whether somebody independent has inspected the
 * gateway.
 */
const inspection = ({ given: { certificates } }: StatementFacts): readonly Said[] => [
  say(
    'processor.audit',
    true,
    'Controle: de operator kan een uitvoer van het logboek geven. Die is na te kijken zonder de gateway.',
    'Audit: the operator can give an export of the trail. It can be checked without the gateway.',
  ),
  certificates.length === 0
    ? say(
        'processor.audited',
        false,
        'Een controle door een auditor: de operator gaf geen certificaat ervan.',
        'A check by an auditor: the operator gave no certificate of one.',
      )
    : say(
        'processor.audited',
        true,
        `Certificaten van een auditor die de operator gaf: ${certificates.length}.`,
        `Certificates of an auditor that the operator gave: ${certificates.length}.`,
      ),
];

/**
 * What happens to the data at the end. Without a period for backups, nobody can say when the last
 * copy is gone.
 */
function atTheEnd({ retention }: StatementFacts): Said {
  const backups = retention['backup.keep-for'];
  if (backups === undefined)
    return say(
      'processor.end',
      false,
      'Teruggave en wissen aan het einde: voor back-ups is geen termijn ingesteld. Wat erin staat, blijft dus.',
      'Return and deletion at the end: for backups no period is set. So what is in them stays.',
    );
  const [nl, en] = daysOf(backups);
  return say(
    'processor.end',
    true,
    `Aan het einde kan de operator alles teruggeven en wissen, met een getekend bewijs. In back-ups is het na ${nl} weg. Het logboek houdt zijn termijnen.`,
    `At the end the operator can return everything and erase it, with signed proof. In backups it is gone after ${en}. The trail keeps its periods.`,
  );
}
