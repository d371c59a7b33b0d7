/** Sentences about who can log in, how connections are protected, and who runs the gateway. */
import type { Language } from '../../domain/registry.ts';
import { ROLES } from '../../domain/roles.ts';
import { type Said, dayOf, say } from './claim.ts';
import type { StatementFacts } from './facts.ts';
import { ROLE_WORDS, SECOND_WORDS } from './words-operators.ts';
import { GRADES, PROBLEMS } from './words-tls.ts';

export function groupClaims({ group, organisation }: StatementFacts): readonly Said[] {
  const { accounts, organisations, means, programs, ofOrganisation } = group;
  return [
    say(
      'group.accounts',
      accounts > 0,
      accounts > 0
        ? `Alleen leden mailen hier. Actieve accounts: ${accounts}. Organisaties: ${organisations}.`
        : 'Een gesloten groep: er is nog geen actief account.',
      accounts > 0
        ? `Only members mail here. Active accounts: ${accounts}. Organisations: ${organisations}.`
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
          `Accounts die inloggen met alleen een wachtwoord: ${means.password}. Met alleen een certificaat: ${means.certificate}. Met een van beide, naar keuze: ${means.either}. Alleen met beide samen: ${means.both}.`,
          `Accounts that log in with a password alone: ${means.password}. With a certificate alone: ${means.certificate}. With either of the two: ${means.either}. Only with both together: ${means.both}.`,
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
            `Accounts die nog niets hebben om mee in te loggen: ${means.none}.`,
            `Accounts that have nothing to log in with yet: ${means.none}.`,
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
          accounts > means.none
            ? `Twee factoren voor elk account. Accounts die met één factor inloggen: ${accounts - means.none - means.both}.`
            : 'Twee factoren voor elk account: er is nog geen account dat kan inloggen.',
          accounts > means.none
            ? `Two factors for each account. Accounts that log in with one factor: ${accounts - means.none - means.both}.`
            : 'Two factors for each account: there is no account yet that can log in.',
        ),
    say(
      'group.programs',
      true,
      `Accounts met een eigen wachtwoord voor een programma: ${programs}.`,
      `Accounts with a password for one program: ${programs}.`,
    ),
  ];
}

/**
 * A listener as people name it. Its port is known only while a gateway runs; without it, there is
 * no host to connect to.
 */
const placeOf = ({ name, protocol, host, port }: StatementFacts['tls'][number]): string =>
  port === 0 ? `${name} (${protocol})` : `${name} (${protocol}, ${host}:${port})`;

export function tlsClaims({ tls }: StatementFacts): readonly Said[] {
  if (tls.length === 0)
    return [say('transit.none', false, 'Een listener: er is er geen.', 'A listener: there is none.')];
  return tls.map((listener) => {
    const { name, until, judged, problem = 'no answer' } = listener;
    const id = `transit.${name}`;
    const where = placeOf(listener);
    if (judged === undefined)
      return say(
        id,
        false,
        `Onderzochte TLS op listener ${where}: ${PROBLEMS[problem].nl}.`,
        `Examined TLS at listener ${where}: ${PROBLEMS[problem].en}.`,
      );
    const { worst, passed } = judged;
    const [nl, en] = [GRADES[worst]?.nl ?? worst, GRADES[worst]?.en ?? worst];
    const last = until ?? '';
    if (!passed)
      return say(
        id,
        false,
        `Goede TLS op listener ${where}: het oordeel volgens de richtlijn van het NCSC is "${nl}".`,
        `Good TLS at listener ${where}: by the guideline of the NCSC its grade is "${en}".`,
      );
    if (worst === 'phase out')
      return say(
        id,
        false,
        `Goede TLS op listener ${where}: voor oude programma's biedt hij ook aan wat "${nl}" is${last === '' ? '' : `, tot ${last}`}.`,
        `Good TLS at listener ${where}: for old programs it also offers what is "${en}"${last === '' ? '' : `, until ${last}`}.`,
      );
    return say(
      id,
      true,
      `De TLS van listener ${where} voldoet aan de richtlijn van het NCSC: "${nl}".`,
      `The TLS of listener ${where} meets the guideline of the NCSC: "${en}".`,
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
      'The content of messages is encrypted on the disk (AES-256-GCM). Each day has a key of its own.',
    ),
    escrow === undefined
      ? say(
          'content.escrow',
          false,
          'Een verdeelde hoofdsleutel: in het afgelopen jaar is niet getoond dat de delen hem weer maken.',
          'A master key that is split: within the last year nobody showed that the shares make it again.',
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
  const each = (language: Language): string =>
    ROLES.map((role) => `${ROLE_WORDS[role][language]}: ${operators[role]}`).join('. ');
  return [
    total > 0
      ? say(
          'roles.operators',
          true,
          `Operators met een eigen naam en rol: ${total}. ${each('nl')}.`,
          `Operators with a name and a role of their own: ${total}. ${each('en')}.`,
        )
      : say(
          'roles.operators',
          false,
          'Operators met een eigen naam en rol: er is er geen.',
          'Operators with a name and a role of their own: there is none.',
        ),
    ...(second.length === 0
      ? [
          say(
            'roles.second',
            false,
            'Twee operators die samen tekenen voor wat ernstig is: dat is niet ingesteld.',
            'Two operators who sign together for what is grave: that is not set.',
          ),
        ]
      : second.map((verb) =>
          say(
            `roles.second.${verb}`,
            true,
            `Alleen twee operators samen mogen ${SECOND_WORDS[verb].nl}.`,
            `Only two operators together may ${SECOND_WORDS[verb].en}.`,
          ),
        )),
  ];
}
