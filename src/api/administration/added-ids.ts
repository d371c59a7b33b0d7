/**
 * Adds ids beside the names in an answer. For example,
 * `{ accountId: 'login', 'passwords.passwordId': 'name' }` adds `accountId` to the answer, for its
 * `login`, and `passwordId` to each entry of `passwords`, for its `name`.
 */
import { z } from '../../config/zod.ts';
import { cleanBase32 } from '../../crypto/keys/base32.ts';
import type { Address } from '../../domain/address.ts';
import type { Store } from '../../store/port/store.ts';
import { addressIdOf } from './ids.ts';
import { opaqueId } from './opaque.ts';

export type Added = Readonly<Record<string, string>>;

/** Finds an id by its name; undefined: nothing has that name. */
const NAMED: Readonly<Record<string, (store: Store, name: string) => Promise<string | undefined> | string>> = {
  accountId: async ({ registry }, name) => idText((await registry.findAccount(name))?.account.id),
  organisationId: async ({ registry }, name) => idText((await registry.findOrganisation(name))?.id),
  partnerId: async ({ registry }, name) => idText((await registry.findPartnerNamed(name))?.id),
  addressId: (store, name) => addressIdOf(store, name as Address),
  passwordId: (store, name) => opaqueId(store, 'password', name),
  appPasswordId: (_store, id) => id,
  clientCertificateId: (store, name) => opaqueId(store, 'clientCertificate', name),
  webhookId: (_store, id) => cleanBase32(id),
  ediIdentityId: (store, name) => opaqueId(store, 'ediIdentity', name),
};

const idText = (id: number | undefined): string | undefined => (id === undefined ? undefined : String(id));

interface AddedIdPath {
  /** Members on the way, each an object or a list of them. */
  readonly way: readonly string[];
  readonly id: string;
  readonly member: string;
}

const placesOf = (added: Added): readonly AddedIdPath[] =>
  Object.entries(added).map(([path, member]) => {
    const way = path.split('.');
    const id = way.at(-1) ?? '';
    if (!Object.hasOwn(NAMED, id)) throw new Error(`Nothing is known of the id ${id}`);
    return { way: way.slice(0, -1), id, member };
  });

export const withIds = (schema: z.ZodType, added: Added): z.ZodType =>
  placesOf(added).reduce((made, place) => extended(made, place, place.way), schema);

function extended(schema: z.ZodType, place: AddedIdPath, way: readonly string[]): z.ZodType {
  if (schema instanceof z.ZodOptional) return extended(schema.unwrap() as z.ZodType, place, way).optional();
  if (schema instanceof z.ZodArray) return z.array(extended(schema.element as z.ZodType, place, way));
  if (schema instanceof z.ZodUnion)
    return z.union((schema.options as readonly z.ZodType[]).map((option) => extended(option, place, way)));
  if (!(schema instanceof z.ZodObject)) return schema;
  const shape = schema.shape as Readonly<Record<string, z.ZodType>>;
  const [next, ...further] = way;
  const member = shape[next ?? place.member];
  if (member === undefined) return schema;
  if (next !== undefined) return z.strictObject({ ...shape, [next]: extended(member, place, further) });
  const id = z.string().meta({ description: `Id of what "${place.member}" names.` });
  // The id comes first, since a program needs it to continue.
  return z.strictObject({ [place.id]: member instanceof z.ZodOptional ? id.optional() : id, ...shape });
}

/**
 * Adds the ids that the schema of `withIds` has. Undefined: the thing that the answer is about has
 * gone meanwhile.
 */
export async function addIds(store: Store, json: unknown, added: Added): Promise<unknown> {
  const known = new Map<string, Promise<string | undefined>>();
  const idOf = (id: string, name: string): Promise<string | undefined> => {
    const key = `${id}\0${name}`;
    let found = known.get(key);
    if (found === undefined) known.set(key, (found = Promise.resolve(NAMED[id]?.(store, name))));
    return found;
  };
  let made: unknown = json;
  for (const place of placesOf(added)) made = await add(made, place, place.way, idOf);
  return made;
}

type Members = Readonly<Record<string, unknown>>;
type IdOf = (id: string, name: string) => Promise<string | undefined>;

async function add(value: unknown, place: AddedIdPath, way: readonly string[], idOf: IdOf): Promise<unknown> {
  if (Array.isArray(value)) {
    const all = await Promise.all(value.map((one: unknown) => add(one, place, way, idOf)));
    return all.filter((one) => one !== undefined);
  }
  if (typeof value !== 'object' || value === null) return value;
  const members = value as Members;
  const [next, ...further] = way;
  if (next !== undefined)
    return members[next] === undefined ? value : { ...members, [next]: await add(members[next], place, further, idOf) };
  const name = members[place.member];
  if (typeof name !== 'string') return value;
  const id = await idOf(place.id, name);
  return id === undefined ? undefined : { [place.id]: id, ...members };
}
