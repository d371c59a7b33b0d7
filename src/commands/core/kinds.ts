/**
 * Kinds of values that name something: an account, an address, an organisation, a message, a
 * delivery.
 */
import { NetworkSet } from '../../platform/network.ts';
import { z } from '../../config/zod.ts';
import { type Address, parseAddress } from '../../domain/address.ts';
import { type EdiIdentity, parseIdentity } from '../../domain/edi-identity.ts';
import type { DeliveryId } from '../../domain/ids.ts';
import { foldLogin, isOrganisationName } from '../../domain/registry.ts';
import { Refused, kind, naming, ofText, text } from './kind.ts';

export const login = naming(
  'account',
  ofText('login', 'a login name without spaces, colons, quotes or angle brackets', foldLogin),
);

export const address = naming(
  'address',
  ofText<Address>('address', 'an address such as name@example.nl', (text) => {
    const parsed = parseAddress(text);
    return parsed.ok ? parsed.value : new Refused(parsed.error);
  }),
);

export const ediIdentity = naming(
  'other',
  ofText<EdiIdentity>('identity', 'ID or ID:QUALIFIER, each of at most 70 characters, such as 500123456:ZZ', (text) => {
    const parsed = parseIdentity(text);
    return parsed.ok ? parsed.value : undefined;
  }),
);

export const organisation = naming(
  'organisation',
  ofText('organisation', '1 to 64 characters a-z, 0-9 and -, such as praktijk-jansen', (text) =>
    isOrganisationName(text) ? text : undefined,
  ),
);

/** A message: the id that the 250 reply gave, or its Message-ID. */
export const message = naming('message', text('id', 998));

/** One network address, or a network of them. */
export const network = naming(
  'other',
  ofText(
    'network',
    'an address or a network, such as 192.0.2.7 or 192.0.2.0/24',
    (value) => {
      try {
        return new NetworkSet([value]);
      } catch (error) {
        return new Refused(error instanceof Error ? error.message : '');
      }
    },
    64,
  ),
);

/** The number of a delivery. */
export const delivery = naming(
  'delivery',
  kind<DeliveryId, number>(
    'number',
    'the number of a delivery; "sluis queue list" shows them',
    z.number(),
    (n) => (Number.isSafeInteger(n) && n > 0 ? (n as DeliveryId) : undefined),
    (value) => (/^[1-9]\d{0,15}$/.test(value) ? Number(value) : undefined),
  ),
);
