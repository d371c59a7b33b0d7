/**
 * The statement of deletion at the end of a contract: what was erased, and what stays, why and
 * until when. It is signed in the same way as evidence.
 */
import { everyKind } from '../../domain/data-kinds.ts';
import type { Instant } from '../../domain/units.ts';
import type { Erasure } from './erase-views.ts';
import type { Document } from '../../admin/evidence.ts';
import { howToCheck } from '../../admin/evidence-how-to.ts';

interface Signing {
  readonly hostname: string;
  readonly made: Instant;
  readonly fingerprint: string;
}

const untilOf = ({ trailKeptUntil }: Erasure): string =>
  trailKeptUntil === undefined ? '' : `, until ${trailKeptUntil.slice(0, 10)} at the latest`;

export const statementText = (e: Erasure, hostname: string): string => `STATEMENT OF DELETION

Gateway       ${hostname}
Organisation  ${e.organisation}
Made          ${e.made.slice(0, 19).replace('T', ' ')} UTC by ${e.actor}
Reason        ${e.reason}

WHAT WAS ERASED
- ${e.accounts} accounts: login names, settings, passwords, one-time codes, networks, counters of programs
- ${e.addresses} addresses: settings, absences, delegations, consents
- title, contact, telephone, postal address, register numbers, purpose and agreement of the organisation; its EDI identities
- private mail keys that were in the gateway's care; certificates and OpenPGP keys were revoked
- the mail server of the organisation and the secrets for it
- ${e.messages} messages (${e.octets} octets) in its mailboxes, ${e.waiting} that waited for its partner, and all that could have been handed out again
- who and where of ${e.trailErased} rows of the audit trail that named its people and need not be kept; the rows stay, without names
- together ${e.rows} rows, and the content that nobody else needs

WHAT IS KEPT, WHY AND UNTIL WHEN
- Addresses and domains, blocked, for ever: none of them may ever lead to somebody else.
- Certificates that were issued, without private keys, for ever: revocation lists name them.
- Envelopes of messages (who sent to whom, hashes) until the trace of the gateway ends: others sent or received them.
- Content that other organisations still have in their mailboxes: it is theirs.${e.former === 0 ? '' : `\n- What is of accounts that became accounts of other organisations: ${e.former}, with their addresses and mail. Of their trail until then holds what is said here.`}
- In the audit trail (NEN 7513), who and where of ${e.trailKept} rows of access and change${untilOf(e)}: the law asks to be able to tell who saw what. What
  this erasure itself writes there is kept as long.
- Backups made before today, until they expire. Their content can be read until the key of its day is destroyed, which happens when the last
  message of that day is gone; what was plain in them (registry, envelopes) goes with the backup.

HOW-TO-CHECK.txt tells how to check this statement with openssl.
`;

export const statementOf = (view: Erasure, { hostname, made, fingerprint }: Signing): Document => ({
  head: { hostname, subject: `Statement of deletion of ${view.organisation}`, made },
  text: statementText(view, hostname),
  parts: [
    { name: 'HOW-TO-CHECK.txt', type: 'text/plain', text: () => [howToCheck(fingerprint)] },
    {
      name: 'statement.json',
      type: 'application/json',
      text: () => [
        `${JSON.stringify(
          {
            format: 'sluis deletion 1',
            ...view,
            kinds: everyKind().map(([table, { area, kept, erase }]) => ({ table, area, kept, erase })),
          },
          undefined,
          1,
        )}\n`,
      ],
    },
  ],
});
