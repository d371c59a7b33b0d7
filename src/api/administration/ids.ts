/**
 * The parameters of paths: each finds, for an id, the value by which a row of the command table
 * knows the same thing. If a thing does not exist, or the caller's organisation does not own it,
 * the answer is the same: there is no such thing.
 *
 * An operator of one organisation sees only things whose `owner` is that organisation. A thing
 * without an owner, such as a delivery, is not shown to such an operator at all.
 */
import { z } from '../../config/zod.ts';
import { cleanBase32 } from '../../crypto/keys/base32.ts';
import { type Address, addressKey } from '../../domain/address.ts';
import { type EdiIdentity, formatIdentity } from '../../domain/edi-identity.ts';
import type { AccountId, OrganisationId, PartnerId } from '../../domain/ids.ts';
import type { AccountSummary } from '../../store/registry.ts';
import type { Store } from '../../store/port/store.ts';
import { accountId, appPasswordId, messageId, numberId, organisationId } from '../core/fields.ts';
import { opaqueId } from './opaque.ts';

/** Identities of an organisation that are looked through at a time. */
const PAGE = 500;

export interface Found {
  /** The value that the row of the command table takes for this id. */
  readonly value: string | number;
  /**
   * Name of the organisation that owns it; absent if none does: then only a caller who acts for all
   * organisations finds it.
   */
  readonly owner?: string;
  readonly account?: AccountSummary;
}

interface PathParameter {
  /** Schema of the parameter as the route reads it. */
  readonly schema: z.ZodType;
  /**
   * Names of inputs that it may fill; it fills the first of them that the row has. If it fills
   * none, it only says below what the next parameter is looked for.
   */
  readonly fills: readonly string[];
  /**
   * Set if the value goes to the row without a look-up: the row itself says if there is no such
   * thing.
   */
  readonly asIs?: true;
  find(store: Store, id: never, above: Found | undefined): Promise<Found | undefined> | Found | undefined;
}

/** A text of a fixed form that reveals nothing about a person. */
const asIs = (fills: readonly string[], pattern: RegExp, about: string, example: string): PathParameter => ({
  schema: z
    .string()
    .regex(pattern)
    .meta({ description: about, examples: [example] }),
  fills,
  asIs: true,
  find: (_store, id: string) => ({ value: id }),
});

const opaque = (about: string): z.ZodType =>
  z
    .string()
    .regex(/^[A-Za-z0-9_-]{22}$/)
    .meta({ description: about });

/** A thing that belongs to the account above it in the path. */
const ofAccount = (
  fills: readonly string[],
  kind: 'password' | 'clientCertificate',
  about: string,
  names: (account: AccountSummary) => readonly string[],
): PathParameter => ({
  schema: opaque(about),
  fills,
  find: (store, id: string, above) => {
    const name = above?.account && names(above.account).find((one) => opaqueId(store, kind, one) === id);
    return name === undefined ? undefined : { ...above, value: name };
  },
});

const account = async ({ registry }: Store, id: AccountId): Promise<Found | undefined> => {
  const found = await registry.findAccountById(id);
  return found && { value: found.account.login, owner: found.organisation, account: found };
};

/** Id of an address, however it is written. */
export const addressIdOf = (store: Pick<Store, 'id'>, address: Address): string =>
  opaqueId(store, 'address', addressKey(address));

export const PLACES = {
  organisationId: {
    schema: organisationId,
    fills: ['organisation', 'name'],
    find: async ({ registry }: Store, id: OrganisationId) => {
      const found = await registry.findOrganisationById(id);
      return found && { value: found.name, owner: found.name };
    },
  },
  accountId: { schema: accountId, fills: ['login', 'account', 'name'], find: account },
  delegateId: { schema: accountId, fills: ['login'], find: account },
  addressId: {
    schema: opaque('Id of the address, as the account shows it.'),
    fills: ['address', 'name'],
    find: (store: Store, id: string, above: Found | undefined) => {
      const found = above?.account?.addresses.find(({ address }) => addressIdOf(store, address) === id);
      return found && { ...above, value: found.address };
    },
  },
  passwordId: ofAccount(
    ['name'],
    'password',
    'Id of the password, as the list of passwords shows it.',
    ({ passwords }) => passwords.map(({ name }) => name),
  ),
  appPasswordId: {
    schema: appPasswordId,
    fills: ['name'],
    find: (_store: Store, id: string, above: Found | undefined) => {
      const found = above?.account?.appPasswords.find((one) => one.id === cleanBase32(id));
      return found && { ...above, value: found.name };
    },
  },
  clientCertificateId: ofAccount(
    ['name'],
    'clientCertificate',
    'Id of the certificate, as the list of client certificates shows it.',
    ({ certificates }) => certificates.map(({ name }) => name),
  ),
  ediIdentityId: {
    schema: opaque('Id of the identity, as the list of identities shows it.'),
    fills: ['identity'],
    find: async ({ registry, id: store }: Store, id: string, above: Found | undefined) => {
      const { owner: organisation } = above ?? {};
      if (organisation === undefined) return undefined;
      for (let after: EdiIdentity | undefined; ;) {
        const page = await registry.listIdentities({
          limit: PAGE,
          organisation,
          ...(after !== undefined && { after }),
        });
        const found = page.find((one) => opaqueId({ id: store }, 'ediIdentity', formatIdentity(one)) === id);
        if (found !== undefined) return { ...above, value: formatIdentity(found) };
        after = page.at(-1);
        if (after === undefined || page.length < PAGE) return undefined;
      }
    },
  },
  partnerId: {
    schema: numberId<PartnerId>('Id of the partner.'),
    fills: ['partner', 'name'],
    find: async ({ registry }: Store, id: PartnerId) => {
      const found = await registry.findPartner(id);
      const owner = found && (await registry.findOrganisationById(found.organisation));
      return found && { value: found.name, ...(owner !== undefined && { owner: owner.name }) };
    },
  },
  messageId: {
    schema: messageId,
    fills: ['message'],
    asIs: true,
    find: (_store: Store, id: string) => ({ value: id }),
  },
  deliveryId: {
    schema: numberId('Number of the delivery.'),
    fills: ['id', 'ids'],
    asIs: true,
    find: (_store: Store, id: number) => ({ value: id }),
  },
  webhookId: {
    schema: z
      .string()
      .regex(/^[A-Z2-7]{8}$/)
      .meta({ description: 'Id of the webhook.', examples: ['K7QM2XRD'] }),
    fills: ['webhook'],
    find: async ({ webhooks }: Store, id: string) => {
      const found = await webhooks.find(id);
      return found && { value: id, ...(found.organisationName !== undefined && { owner: found.organisationName }) };
    },
  },
  sessionId: asIs(['ids'], /^[A-Za-z0-9_-]{1,64}$/, 'Id of the session.', 'k3jx9q2v'),
  serial: asIs(['serial'], /^[0-9a-f]{1,64}$/, 'Serial number of the certificate, hexadecimal.', '4f3a9c0d11'),
  fingerprint: asIs(
    ['fingerprint'],
    /^[0-9a-f]{40,64}$/,
    'Fingerprint of the key, hexadecimal.',
    '0123456789abcdef0123456789abcdef01234567',
  ),
  tokenId: asIs(['token'], /^[A-Za-z0-9-]{4,32}$/, 'Id of the token; it is not the token.', 'K7QM-2XRD'),
  approvalId: asIs(['id'], /^[A-Za-z0-9-]{4,32}$/, 'Id of the request that waits for signatures.', 'K7QM-2XRD'),
} satisfies Readonly<Record<string, PathParameter>>;

export type PlaceName = keyof typeof PLACES;
export const isPlace = (name: string): name is PlaceName => Object.hasOwn(PLACES, name);
export const placeOf = (name: PlaceName): PathParameter => PLACES[name];

/** The parameters of a path, in its order. */
export const placesIn = (path: string): readonly PlaceName[] =>
  [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => {
    if (!isPlace(name))
      throw new Error(`Path ${path}: nothing is known of {${name}}; say it in api/administration/ids.ts`);
    return name;
  });
