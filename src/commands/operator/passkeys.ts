/** `sluis operator passkey`: the passkeys with which operators log in to the web console. */
import { z } from '../../config/zod.ts';
import type { AdminContext } from '../../admin/context.ts';
import { AdminError } from '../../admin/error.ts';
import type { Call } from '../../admin/call.ts';
import { readableTime } from '../../cli/output.ts';
import { cleanBase32, grouped } from '../../crypto/keys/base32.ts';
import { newEnrolmentCode } from '../../crypto/passwords/enrolment-code.ts';
import { defined } from '../../domain/defined.ts';
import { iso } from '../../domain/units.ts';
import type { PasskeyRecord } from '../../store/console.ts';
import { naming, ofText } from '../core/kind.ts';
import { shownIdOf } from '../core/kinds.ts';
import { arg, pageOf } from '../core/params.ts';
import { changes, lists } from '../core/row.ts';
import { subject } from '../core/subject.ts';
import { checkGives, isOf, ofOperator, operatorName, operatorOf } from './who.ts';

export const codeOut = z.object({
  code: z.string(),
  operator: z.string(),
  ends: z.string(),
  page: z.string().optional().meta({ description: 'Where to use it; absent if no console is configured.' }),
});
export type CodeOut = z.infer<typeof codeOut>;

/** Makes a code. The previous code of this operator no longer works. */
export async function makeConsoleCode(
  { store, console }: AdminContext,
  name: string,
  { actor }: Call,
): Promise<CodeOut> {
  const { code, id, hash } = newEnrolmentCode(console.random);
  const ends = await store.console.makeCode(name, { id, hash }, actor);
  return { code, operator: name, ends: iso(ends), ...defined({ page: console.page && `${console.page}register` }) };
}

export const codeText = ({ code, operator, ends, page }: CodeOut): string =>
  `${code}\nFor operator ${operator}, once, until ${readableTime(ends)}${page === undefined ? '' : `, at ${page}`}. It is not shown again: hand it over in person, or read it out to whom you know.`;

const passkeyId = naming(
  'operator',
  ofText('passkey', shownIdOf('a passkey', 'een passkey'), (text) => cleanBase32(text).slice(0, 8)),
);

const view = z.object({
  id: z.string(),
  operator: z.string(),
  synced: z.boolean().meta({ description: 'It is copied between the devices of its owner.' }),
  transports: z.array(z.string()).meta({ description: 'How a browser reaches it, such as `usb` and `internal`.' }),
  model: z.string().meta({ description: 'AAGUID of the authenticator; all zeros: it does not say.' }),
  addedAt: z.string(),
  lastUsed: z.string().optional().meta({ description: 'Absent: never since it was registered.' }),
  ended: z.string().optional(),
});
const viewOf = ({ id, addedAt, lastUsedAt, endedAt, transports, ...more }: PasskeyRecord): z.infer<typeof view> => ({
  ...more,
  id: grouped(id),
  transports: [...transports],
  addedAt: iso(addedAt),
  ...defined({ lastUsed: iso(lastUsedAt), ended: iso(endedAt) }),
});

export const passkeys = subject('passkey', 'what operators log in to the web console with', {
  add: changes({
    about: 'make a one-time code with which an operator registers a passkey; it is shown once',
    in: { name: arg(operatorName, 'whose') },
    out: codeOut,
    right: 'security',
    second: 'operator',
    trail: ['operator.code-made'],
    undo: 'another code voids it; a passkey that was registered: operator passkey end',
    examples: ['jan.devries --reason "lost his key, came to the desk"'],
    run: async (context, { name }, call) => {
      checkGives(call, (await operatorOf(context.store, name)).role);
      return await makeConsoleCode(context, name, call);
    },
    say: codeText,
  }),

  list: lists({
    about: 'list passkeys: whose, which kind, when they were used',
    in: { operator: ofOperator },
    out: view,
    right: 'security',
    examples: ['', '--operator jan.devries'],
    run: async ({ store }, { operator, after, limit }) => {
      const all = (await store.console.passkeys()).filter(isOf(operator)).map(viewOf);
      return pageOf(all, { after, limit }, ({ id }) => id);
    },
    header: ['PASSKEY', 'OPERATOR', 'SINCE', 'COPIED', 'LAST USED', 'STATE'],
    cells: (one) => [
      ...[one.id, one.operator, readableTime(one.addedAt), one.synced ? 'yes' : 'no'],
      one.lastUsed === undefined ? 'never' : readableTime(one.lastUsed),
      one.ended === undefined ? 'active' : `ended ${readableTime(one.ended)}`,
    ],
    after: (one) => one.id,
    none: 'There is no passkey.',
  }),

  end: changes({
    about: 'end a passkey at once, with the sessions that it began',
    in: { passkey: arg(passkeyId, 'its id, as the list shows it') },
    out: z.object({ id: z.string() }),
    right: 'security',
    trail: ['operator.passkey-ended'],
    undo: 'operator passkey add, and registering it again',
    examples: ['K7QM-2XRD --reason "stolen"'],
    run: async ({ store }, { passkey }, call) => {
      const found = (await store.console.passkeys()).find(({ id }) => id === passkey);
      if (found === undefined)
        throw new AdminError(
          'unknown',
          `There is no passkey "${grouped(passkey)}"; "sluis operator passkey list" shows those there are`,
        );
      checkGives(call, (await operatorOf(store, found.operator)).role);
      await store.console.endPasskey(passkey, call.actor);
      return { id: grouped(passkey) };
    },
    say: ({ id }) => `Passkey ${id} has ended: nobody logs in by it, and its sessions are over.`,
  }),
});
