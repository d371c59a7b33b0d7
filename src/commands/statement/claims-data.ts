/** Sentences about what is kept and for how long, and about what the operator handed in. */
import { settingsTable } from '../../domain/settings.ts';
import { type Said, say } from './claim.ts';
import type { StatementFacts } from './facts.ts';

/** A duration of the configuration file in words, in both languages. */
export function daysOf(written: string): readonly [nl: string, en: string] {
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
      'Wie wat aan wie stuurde, nadat de inhoud weg is',
      'Who sent what to whom, once the content is gone',
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
      ? say(
          'retention.backups',
          false,
          'Een bewaartermijn voor back-ups: er is geen ingesteld.',
          'A period for backups: none is set.',
        )
      : say(
          'retention.backups',
          true,
          `Een back-up: ${daysOf(retention['backup.keep-for'])[0]}.`,
          `A backup: ${daysOf(retention['backup.keep-for'])[1]}.`,
        ),
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
