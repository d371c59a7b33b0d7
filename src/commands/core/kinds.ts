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
import { type Expected, Refused, kind, naming, ofText, text } from './kind.ts';

/** Names that we let nobody write in capitals or with spaces. */
export const plainName = (max: number, example: string): Expected => ({
  en: `1 to ${max} characters a-z, 0-9 and -, such as ${example}`,
  nl: `1 tot en met ${max} tekens a-z, 0-9 en -, zoals ${example}`,
});

/** An id of eight letters and digits that we show in two groups. `en`, `nl`: of what. */
export const shownIdOf = (en: string, nl: string): Expected => ({
  en: `the id of ${en}, such as K7QM-2XRD`,
  nl: `het nummer van ${nl}, zoals K7QM-2XRD`,
});

export const NETWORK: Expected = {
  en: 'an address or a network, such as 192.0.2.7 or 192.0.2.0/24',
  nl: 'een adres of een netwerk, zoals 192.0.2.7 of 192.0.2.0/24',
};

export const login = naming(
  'account',
  ofText(
    'login',
    {
      en: 'a login name without spaces, colons, quotes or angle brackets',
      nl: 'een gebruikersnaam zonder spaties, dubbele punten, aanhalingstekens of punthaken',
    },
    foldLogin,
  ),
);

export const address = naming(
  'address',
  ofText<Address>(
    'address',
    { en: 'an address such as name@example.nl', nl: 'een adres zoals name@example.nl' },
    (text) => {
      const parsed = parseAddress(text);
      return parsed.ok ? parsed.value : new Refused(parsed.error);
    },
  ),
);

export const ediIdentity = naming(
  'other',
  ofText<EdiIdentity>(
    'identity',
    {
      en: 'ID or ID:QUALIFIER, each of at most 70 characters, such as 500123456:ZZ',
      nl: 'ID of ID:QUALIFIER, elk van hoogstens 70 tekens, zoals 500123456:ZZ',
    },
    (text) => {
      const parsed = parseIdentity(text);
      return parsed.ok ? parsed.value : undefined;
    },
  ),
);

export const organisation = naming(
  'organisation',
  ofText('organisation', plainName(64, 'praktijk-jansen'), (text) => (isOrganisationName(text) ? text : undefined)),
);

/** A message: the id that the 250 reply gave, or its Message-ID. */
export const message = naming('message', text('id', 998));

/** One network address, or a network of them. */
export const network = naming(
  'other',
  ofText(
    'network',
    NETWORK,
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
    {
      en: 'the number of a delivery; "sluis queue list" shows them',
      nl: 'het nummer van een bezorging; "sluis queue list" toont ze',
    },
    z.number(),
    (n) => (Number.isSafeInteger(n) && n > 0 ? (n as DeliveryId) : undefined),
    (value) => (/^[1-9]\d{0,15}$/.test(value) ? Number(value) : undefined),
  ),
);
