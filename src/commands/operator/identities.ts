/** `sluis operator identity`: operators who log in to the web console at an OpenID provider. */
import { z } from '../../config/zod.ts';
import { readableTime } from '../../cli/output.ts';
import { grouped } from '../../crypto/keys/base32.ts';
import { newShownId } from '../../crypto/keys/console-secrets.ts';
import { defined } from '../../domain/defined.ts';
import { iso } from '../../domain/units.ts';
import type { IdentityRecord } from '../../store/console.ts';
import { type Expected, ofText } from '../core/kind.ts';
import { shownIdOf } from '../core/kinds.ts';
import { arg, need, pageOf } from '../core/params.ts';
import { changes, lists } from '../core/row.ts';
import { subject } from '../core/subject.ts';
import { checkGives, operatorName, operatorOf, shownId } from './who.ts';

const ISSUER = /^https:\/\/[A-Za-z0-9.-]+(:\d{1,5})?(\/[A-Za-z0-9._~/-]*)?$/;
const SUBJECT = /^[\x21-\x7e]{1,255}$/;
const text = (form: RegExp, expected: Expected) =>
  ofText('text', expected, (given) => (form.test(given) ? given : undefined));

const identityId = shownId('identity', shownIdOf('an identity', 'een identiteit'));

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
    about: 'list which person of the OpenID provider is which operator, also operators who have ended',
    in: {},
    out: view,
    right: 'security',
    examples: [''],
    run: async ({ store }, { after, limit }) => {
      const all = (await store.identities.list()).map(viewOf);
      return pageOf(all, { after, limit }, ({ id }) => id);
    },
    header: ['IDENTITY', 'OPERATOR', 'ISSUER', 'SUBJECT', 'SINCE', 'LAST USED', 'STATE'],
    cells: (one) => [
      ...[one.id, one.operator, one.issuer, one.subject, readableTime(one.addedAt), readableTime(one.lastUsed)],
      one.ended === undefined ? 'active' : `ended ${readableTime(one.ended)}`,
    ],
    after: (one) => one.id,
    none: 'Nobody has logged in at an OpenID provider.',
  }),

  add: changes({
    about: 'tie an operator to a person of the OpenID provider before the person has come',
    in: {
      name: arg(operatorName, 'whose'),
      issuer: need(
        text(ISSUER, { en: 'an https address', nl: 'een adres dat met https begint' }),
        'address of the provider, exactly as it names itself',
      ),
      subject: need(
        text(SUBJECT, {
          en: 'a text of 1 to 255 visible characters',
          nl: 'een tekst van 1 tot en met 255 zichtbare tekens',
        }),
        'what the provider calls the person by, for good (claim sub)',
      ),
    },
    out: z.object({ id: z.string(), operator: z.string() }),
    right: 'security',
    second: 'operator',
    trail: ['operator.identity-added'],
    undo: 'operator end',
    examples: ['jan.devries --issuer https://login.example.nl/realms/zorg --subject 4fe2b1c8'],
    run: async ({ store, console }, { name, issuer, subject: person }, call) => {
      checkGives(call, (await operatorOf(store, name)).role);
      const id = newShownId(console.random);
      await store.identities.add(name, { issuer, subject: person }, id, call.actor);
      return { id: grouped(id), operator: name };
    },
    say: ({ operator }) =>
      `Operator ${operator} logs in at the provider from now on, where groups decide the role; passkeys and sessions have ended.`,
  }),

  release: changes({
    about: 'let somebody whose operator has ended come in again: the next login registers an operator',
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
