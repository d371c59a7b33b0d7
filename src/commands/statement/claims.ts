/**
 * All sentences of the statement, each in both languages, with the moment of measuring and the file
 * with the figures. What is not configured, not tried or not good counts as not in place.
 */
import type { Said, Section } from './claim.ts';
import type { StatementFacts } from './facts.ts';
import { contentClaims, groupClaims, roleClaims, tlsClaims } from './claims-access.ts';
import { availabilityClaims, backupClaims, drillClaims, placeClaims } from './claims-places.ts';
import { certificateClaims, retentionClaims } from './claims-data.ts';
import { processorClaims } from './claims-processor.ts';
import { partnerClaims } from './partners.ts';

export function sectionsOf(facts: StatementFacts): readonly Section[] {
  const now = new Date(facts.made).toISOString();
  const section = (id: string, nl: string, en: string, evidence: string, claims: readonly Said[]): Section => ({
    id,
    title: { nl, en },
    claims: claims.map((claim) => ({ at: now, evidence, ...claim })),
  });
  const { organisation } = facts;
  const measured = [
    section('group', 'Gesloten groep en inloggen', 'Closed group and login', 'group.json', groupClaims(facts)),
    section('transit', 'Bescherming onderweg', 'Protection in transit', 'tls.json', tlsClaims(facts)),
    section(
      'partners',
      'Bescherming van mail naar partners',
      'Protection of mail to partners',
      'partners.json',
      partnerClaims(facts),
    ),
    section('content', 'Bescherming van de inhoud', 'Protection of content', 'content.json', contentClaims(facts)),
    section('places', 'Locaties', 'Places', 'places.json', placeClaims(facts)),
    section('drills', 'Oefeningen', 'Drills', 'drills.json', drillClaims(facts)),
    section('backups', 'Back-ups', 'Backups', 'backups.json', backupClaims(facts)),
    section('availability', 'Beschikbaarheid', 'Availability', 'availability.json', availabilityClaims(facts)),
    section('roles', 'Rollen van operators', 'Roles of operators', 'roles.json', roleClaims(facts)),
    section('retention', 'Bewaartermijnen', 'Retention', 'retention.json', retentionClaims(facts)),
  ];
  const missing = new Map(
    measured.map(({ id, claims }) => [id, claims.filter(({ inPlace }) => !inPlace).length] as const),
  );
  return [
    ...measured,
    ...(organisation === undefined
      ? []
      : [
          section(
            'processor',
            'Bijlage verwerker (artikel 28 AVG)',
            'Processor annex (article 28 GDPR)',
            'processor.json',
            processorClaims(facts, organisation, missing),
          ),
        ]),
    section(
      'certificates',
      'Certificaten van de operator',
      'Certificates of the operator',
      'certificates.json',
      certificateClaims(facts),
    ),
  ];
}
