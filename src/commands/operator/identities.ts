/** `sluis operator identity`: operators who log in to the web console at an OpenID provider. */
import { z } from '../../config/zod.ts';
import { readableTime } from '../../cli/output.ts';
import { cleanBase32, grouped } from '../../crypto/base32.ts';
import { defined } from '../../domain/defined.ts';
import { iso } from '../../domain/units.ts';
import type { IdentityRecord } from '../../store/console.ts';
import { naming, ofText } from '../core/kinds.ts';
import { arg, changes, lists, subject } from '../core/row.ts';

const identityId = naming(
  'operator',
  ofText('identity', 'the id of an identity, such as K7QM-2XRD', (text) => {
    const id = cleanBase32(text);
    return /^[A-Z0-9]{8}$/.test(id) ? id : undefined;
  }),
);

const view = z.object({
  id: z.string(),
  operator: z.string(),
  issuer: z.string().meta({ description: 'Address of the OpenID provider.' }),
  subject: z.string().meta({ description: 'What the provider calls the person by, for good.' }),
  addedAt: z.string(),
  lastUsed: z.string(),
  ended: z
    .string()
    .optional()
    .meta({ description: 'The operator has ended: the person is refused until it is released.' }),
});
const viewOf = ({ id, addedAt, lastUsedAt, endedAt, ...more }: IdentityRecord): z.infer<typeof view> => ({
  ...more,
  id: grouped(id),
  addedAt: iso(addedAt),
  lastUsed: iso(lastUsedAt),
  ...defined({ ended: iso(endedAt) }),
});

export const identities = subject('identity', 'operators who log in to the web console at an OpenID provider', {
  list: lists({
    about: 'list whom the OpenID provider means by whom, also of operators who have ended',
    in: {},
    out: view,
    right: 'security',
    examples: [''],
    run: async ({ store }, { after, limit }) => {
      const all = (await store.identities.list()).map(viewOf);
      const from = after === undefined ? 0 : all.findIndex(({ id }) => id === after) + 1;
      return all.slice(from, from + limit);
    },
    header: ['IDENTITY', 'OPERATOR', 'ISSUER', 'SUBJECT', 'SINCE', 'LAST USED', 'STATE'],
    cells: (one) => [
      ...[one.id, one.operator, one.issuer, one.subject, readableTime(one.addedAt), readableTime(one.lastUsed)],
      one.ended === undefined ? 'active' : `ended ${readableTime(one.ended)}`,
    ],
    after: (one) => one.id,
    none: 'Nobody has logged in at an OpenID provider.',
  }),

  release: changes({
    about: 'let somebody whose operator has ended come in anew: the next log-in registers an operator',
    in: { identity: arg(identityId, 'its id, as the list shows it') },
    out: z.object({ id: z.string() }),
    right: 'security',
    second: 'operator',
    trail: ['operator.identity-released'],
    undo: 'operator end, once the person has logged in',
    examples: ['K7QM-2XRD --reason "came back"'],
    run: async ({ store }, { identity }, { actor }) => {
      await store.identities.release(identity, actor);
      return { id: grouped(identity) };
    },
    say: ({ id }) => `Identity ${id} is released: whoever comes by it next is registered, with the role of his groups.`,
  }),
});
