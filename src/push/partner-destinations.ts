/**
 * Finds where a partner's mail goes now: reads its record from the registry, and opens its secrets.
 *
 * The record is read for each batch, so that a change holds at once; the secrets are opened only
 * when it has changed, since the master key may come from a program.
 */
import type { PartnerId } from '../domain/ids.ts';
import type { Partner, PartnerSecrets } from '../domain/partner.ts';
import type { Result } from '../domain/result.ts';
import type { Destination } from './courier.ts';
import { destinationOf } from './destination.ts';
import type { PartnerDestination } from './parts.ts';

export interface PartnerDestinationsParts {
  readonly findPartner: (id: PartnerId) => Promise<Partner | undefined>;
  readonly openSecrets: (name: string, sealed: Uint8Array | undefined) => Promise<Result<PartnerSecrets, string>>;
  /** The gateway's own name. */
  readonly hostname: string;
  /** True if every message could be signed (DKIM). */
  readonly signs: boolean;
}

const paused: Record<Exclude<Partner['state'], 'active'>, string> = {
  suspended: 'the operator has suspended deliveries to this partner',
  refusing: 'the operator has suspended deliveries to this partner',
  ended: 'this partner has left the group',
};

/** Shown while a partner that wants signed mail is paused, since nothing unsigned is sent to it. */
const UNSIGNED =
  'it is to be sent signed mail (DKIM), and there is no key for the name of this gateway in delivery.dkim-keys';

export function partnerDestinations({
  findPartner,
  openSecrets,
  hostname,
  signs,
}: PartnerDestinationsParts): (id: PartnerId) => Promise<PartnerDestination> {
  const known = new Map<PartnerId, { readonly record: string; readonly destination: Destination }>();
  return async (id) => {
    const partner = await findPartner(id);
    if (partner === undefined) return { kind: 'paused', name: `partner ${id}`, why: 'this partner is not known' };
    const { name, state, sealed, server } = partner;
    if (state !== 'active') {
      known.delete(id);
      return { kind: 'paused', name, why: paused[state] };
    }
    if (server.dkim === true && !signs) return { kind: 'paused', name, why: UNSIGNED };
    const record = JSON.stringify([server, sealed === undefined ? '' : Buffer.from(sealed).toString('base64')]);
    const same = known.get(id);
    if (same?.record === record) return { kind: 'push', name, destination: same.destination };
    const secrets = await openSecrets(name, sealed);
    if (!secrets.ok) return { kind: 'paused', name, why: `its password or key cannot be opened: ${secrets.error}` };
    const destination = destinationOf(partner, secrets.value, hostname);
    known.set(id, { record, destination });
    return { kind: 'push', name, destination };
  };
}
