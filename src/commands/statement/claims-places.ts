/**
 * Sentences about where the service stands, what is copied to where, what was tried, and how
 * available the service was.
 */
import { percentText } from '../../domain/availability.ts';
import { type Said, dayOf, say } from './claim.ts';
import type { DrillFact, StatementFacts } from './facts.ts';

const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

export function placeClaims({ places }: StatementFacts): readonly Said[] {
  const { engine, servers, confirming, aloneUntil } = places;
  const id = 'places.second';
  if (engine === 'one machine')
    return [
      say(
        id,
        false,
        'Een tweede locatie: de dienst staat op één machine.',
        'A second place: the service is on one machine.',
      ),
    ];
  const primary = servers.find(({ role }) => role === 'primary');
  const standby = servers.find(
    ({ name, site, role }) => role === 'standby' && site !== primary?.site && confirming.some((one) => same(one, name)),
  );
  if (primary === undefined || standby === undefined || aloneUntil !== undefined)
    return [
      say(
        id,
        false,
        'Een tweede locatie die elk bericht bevestigt: geen reserveserver elders doet dat nu.',
        'A second place that confirms each message: no standby elsewhere does so now.',
      ),
    ];
  return [
    say(
      id,
      true,
      `De dienst staat op de locaties ${primary.site} en ${standby.site}. Een bericht is pas aangenomen als het ook op de andere locatie staat.`,
      `The service is at the places ${primary.site} and ${standby.site}. A message is accepted only when the other place has it too.`,
    ),
  ];
}

export const drillClaims = ({ drills }: StatementFacts): readonly Said[] => [
  drillClaim('drill.site', drills.site, {
    never: [
      'Een geoefende omschakeling naar de andere locatie: die was er nooit.',
      'A tried switch to the other place: there never was one.',
    ],
    failed: [
      'Een geslaagde omschakeling: de laatste oefening is mislukt',
      'A switch that went well: the last drill has failed',
    ],
    lapsed: [
      'Een omschakeling die nog telt: de laatste goede oefening is te oud, of er is sindsdien iets veranderd',
      'A switch that still counts: the last good drill is too old, or something has changed since',
    ],
    good: ({ from = '', to = '', seconds = 0, lost = 0 }) => [
      `De dienst ging in een oefening van ${from} naar ${to} en terug. Zij was ${seconds} seconden weg. Verloren berichten: ${lost}.`,
      `In a drill the service went from ${from} to ${to} and back. It was away for ${seconds} seconds. Messages lost: ${lost}.`,
    ],
  }),
  drillClaim('drill.restore', drills.restore, {
    never: [
      'Een back-up die op proef is teruggezet: dat is nooit gedaan.',
      'A backup that was restored for a trial: that was never done.',
    ],
    failed: [
      'Een back-up die op proef goed is teruggezet: de laatste oefening is mislukt',
      'A backup that was restored well for a trial: the last drill has failed',
    ],
    empty: [
      'Een back-up met berichten die op proef is teruggezet: er was geen bericht om te openen',
      'A backup with messages that was restored for a trial: there was no message to open',
    ],
    lapsed: [
      'Een oefening met een back-up die nog telt: de laatste goede is te oud, of er is sindsdien iets veranderd',
      'A drill with a backup that still counts: the last good one is too old, or something has changed since',
    ],
    good: ({ seconds = 0, opened = 0 }) => [
      `Een back-up is in ${Math.ceil(seconds)} seconden op proef teruggezet. Geopende berichten: ${opened}.`,
      `A backup was restored for a trial in ${Math.ceil(seconds)} seconds. Messages opened: ${opened}.`,
    ],
  }),
];

type Pair = readonly [nl: string, en: string];
type Last = NonNullable<DrillFact['last']>;
interface Words {
  readonly never: Pair;
  readonly failed: Pair;
  /** For a restore in which no message could be opened, because there was none. */
  readonly empty?: Pair;
  readonly lapsed: Pair;
  good(last: Last): Pair;
}

function drillClaim(id: string, { last, due }: DrillFact, words: Words): Said {
  if (last === undefined) return say(id, false, ...words.never);
  const report: Pair = [`Rapport: ${last.name}.`, `Report: ${last.name}.`];
  const dated = ([nl, en]: Pair, at: string): Pair => [
    `${nl} (${dayOf(at)}). ${report[0]}`,
    `${en} (${dayOf(at)}). ${report[1]}`,
  ];
  if (!last.passed) return say(id, false, ...dated(words.failed, last.at), last.at);
  if (due.length > 0) return say(id, false, ...dated(words.lapsed, last.good ?? last.at), last.at);
  if (last.opened === 0 && words.empty !== undefined) return say(id, false, ...dated(words.empty, last.at), last.at);
  const [nl, en] = words.good(last);
  return say(id, true, `${nl} ${report[0]}`, `${en} ${report[1]}`, last.at);
}

export function backupClaims({ backups }: StatementFacts): readonly Said[] {
  const { folder, newest, elsewhere } = backups;
  return [
    folder && newest !== undefined
      ? say(
          'backup.newest',
          true,
          `De nieuwste back-up is van ${dayOf(newest)}.`,
          `The newest backup is of ${dayOf(newest)}.`,
          newest,
        )
      : say('backup.newest', false, 'Een back-up: er is er geen.', 'A backup: there is none.'),
    elsewhere === undefined
      ? say(
          'backup.elsewhere',
          false,
          'Een nagelezen kopie van de back-up op een andere plaats: er is er geen.',
          'A copy of the backup elsewhere that was read back: there is none.',
        )
      : say(
          'backup.elsewhere',
          true,
          `De kopie op een andere plaats is nagelezen. Zij is van de back-up van ${dayOf(elsewhere)}.`,
          `The copy elsewhere was read back. It is of the backup of ${dayOf(elsewhere)}.`,
          elsewhere,
        ),
  ];
}

export function availabilityClaims({ availability }: StatementFacts): readonly Said[] {
  const { aim, sites } = availability;
  if (sites.length === 0)
    return [
      say(
        'availability.measured',
        false,
        'Gemeten beschikbaarheid: niets is gemeten.',
        'Measured availability: nothing was measured.',
      ),
    ];
  return sites.map(({ site, since, until, minutes, ratio, planned }) => {
    const [from, to] = [since, until].map((at) => dayOf(new Date(at).toISOString()));
    const met = ratio >= aim;
    const [percent, wanted] = [percentText(ratio), percentText(aim)];
    const [nl, en] = met
      ? [`Locatie ${site} was beschikbaar voor`, `Place ${site} was available for`]
      : [`Beschikbaarheid volgens het doel op locatie ${site}:`, `Availability as aimed for at place ${site}:`];
    return say(
      `availability.${site}`,
      met,
      `${nl} ${percent.replace('.', ',')} (doel ${wanted.replace('.', ',')}). Gemeten van ${from} tot ${to}, ${minutes} minuten, waarvan ${planned} gepland stil.`,
      `${en} ${percent} (aim ${wanted}). Measured from ${from} until ${to}, ${minutes} minutes, of which ${planned} in planned stops.`,
    );
  });
}
