/** Sentences about who gets in, what protects the way, and who runs it. */
import { ROLES } from '../../domain/roles.ts';
import { type Said, dayOf, say } from './claim.ts';
import type { StatementFacts } from './facts.ts';

export function groupClaims({ group, organisation }: StatementFacts): readonly Said[] {
  const { accounts, organisations, means, programs, ofOrganisation } = group;
  return [
    say(
      'group.accounts',
      accounts > 0,
      accounts > 0
        ? `Alleen leden mailen hier: ${accounts} actieve accounts, organisaties: ${organisations}.`
        : 'Een gesloten groep: er is nog geen actief account.',
      accounts > 0
        ? `Only members mail here: ${accounts} active accounts, organisations: ${organisations}.`
        : 'A closed group: there is no active account yet.',
    ),
    ...(organisation === undefined
      ? []
      : [
          say(
            'group.organisation',
            (ofOrganisation ?? 0) > 0,
            `Actieve accounts van ${organisation.title}: ${ofOrganisation ?? 0}.`,
            `Active accounts of ${organisation.title}: ${ofOrganisation ?? 0}.`,
          ),
        ]),
    accounts > means.none
      ? say(
          'group.means',
          true,
          `Inloggen kan met alleen een wachtwoord (${means.password}) of alleen een certificaat (${means.certificate}). Een van beide mag bij ${means.either}. Samen nodig zijn ze bij ${means.both}.`,
          `Log-in is by password alone (${means.password}) or certificate alone (${means.certificate}). One of the two is enough for ${means.either}. Both together are needed for ${means.both}.`,
        )
      : say(
          'group.means',
          false,
          'Een account dat kan inloggen: er is er nog geen.',
          'An account that can log in: there is none yet.',
        ),
    ...(means.none === 0
      ? []
      : [
          say(
            'group.none',
            true,
            `Niet inloggen kunnen ${means.none} van deze accounts: zij hebben nog niets om mee in te loggen.`,
            `Of these accounts ${means.none} cannot log in: they have nothing to log in with yet.`,
          ),
        ]),
    means.both > 0 && means.both === accounts - means.none
      ? say(
          'group.two-factors',
          true,
          'Elk account dat kan inloggen heeft wachtwoord en certificaat samen nodig.',
          'Each account that can log in needs password and certificate together.',
        )
      : say(
          'group.two-factors',
          false,
          `Twee factoren voor elk account: met een factor loggen er ${accounts - means.none - means.both} in.`,
          `Two factors for each account: with one factor log in ${accounts - means.none - means.both}.`,
        ),
    say(
      'group.programs',
      true,
      `Accounts met een eigen wachtwoord voor een programma: ${programs}.`,
      `Accounts with a password for one program: ${programs}.`,
    ),
  ];
}

const GRADE_NL: Readonly<Record<string, string>> = {
  good: 'goed',
  sufficient: 'voldoende',
  'phase out': 'uit te faseren',
  insufficient: 'onvoldoende',
};

export function tlsClaims({ tls }: StatementFacts): readonly Said[] {
  if (tls.length === 0) return [say('transit.none', false, 'Er is geen listener.', 'There is no listener.')];
  return tls.map(({ name, protocol, host, port, until, judged }) => {
    const id = `transit.${name}`;
    const where = `${name} (${protocol}, ${host}:${port})`;
    if (judged === undefined)
      return say(
        id,
        false,
        `De TLS van listener ${where} kon niet worden onderzocht.`,
        `The TLS of listener ${where} could not be examined.`,
      );
    const { worst, passed } = judged;
    const last = until ?? '';
    if (!passed)
      return say(
        id,
        false,
        `De TLS van listener ${where} voldoet niet aan de richtlijn van het NCSC: ${GRADE_NL[worst] ?? worst}.`,
        `The TLS of listener ${where} does not meet the guideline of the NCSC: ${worst}.`,
      );
    if (worst === 'phase out')
      return say(
        id,
        false,
        `Listener ${where} biedt TLS aan die wordt uitgefaseerd${last === '' ? '' : `, tot ${last}`}.`,
        `Listener ${where} offers TLS that is being phased out${last === '' ? '' : `, until ${last}`}.`,
      );
    return say(
      id,
      true,
      `De TLS van listener ${where} voldoet aan de richtlijn van het NCSC: ${GRADE_NL[worst] ?? worst}.`,
      `The TLS of listener ${where} meets the guideline of the NCSC: ${worst}.`,
    );
  });
}

export function contentClaims({ content }: StatementFacts): readonly Said[] {
  const { escrow } = content;
  return [
    say(
      'content.rest',
      true,
      'De inhoud van berichten ligt versleuteld op de schijf (AES-256-GCM). Elke dag heeft een eigen sleutel.',
      'The content of messages lies encrypted on the disk (AES-256-GCM). Each day has a key of its own.',
    ),
    escrow === undefined
      ? say(
          'content.escrow',
          false,
          'Delen van de hoofdsleutel die in het afgelopen jaar zijn getoond.',
          'Shares of the master key that were shown within the last year.',
        )
      : say(
          'content.escrow',
          true,
          `De hoofdsleutel is verdeeld: ${escrow.needed} delen maken hem weer. Dat is getoond op ${dayOf(escrow.verified)}.`,
          `The master key is split: ${escrow.needed} shares make it again. That was shown on ${dayOf(escrow.verified)}.`,
          escrow.verified,
        ),
  ];
}

export function roleClaims({ roles }: StatementFacts): readonly Said[] {
  const { operators, second } = roles;
  const total = ROLES.reduce((sum, role) => sum + operators[role], 0);
  const each = ROLES.map((role) => `${role} ${operators[role]}`).join(', ');
  return [
    say(
      'roles.operators',
      total > 0,
      total > 0 ? `Operators met een eigen naam en rol: ${each}.` : 'Operators met een eigen naam en rol.',
      total > 0
        ? `Operators with a name and a role of their own: ${each}.`
        : 'Operators with a name and a role of their own.',
    ),
    say(
      'roles.second',
      second.length > 0,
      second.length > 0
        ? `Twee operators tekenen samen voor: ${second.join(', ')}.`
        : 'Twee operators die samen tekenen voor wat ernstig is.',
      second.length > 0
        ? `Two operators sign together for: ${second.join(', ')}.`
        : 'Two operators who sign together for what is grave.',
    ),
  ];
}
