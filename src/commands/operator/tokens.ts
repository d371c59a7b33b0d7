/** `sluis operator token`: tokens by which programs prove who they are. */
import { z } from '../../config/zod.ts';
import { AdminError } from '../../admin/error.ts';
import { readableTime } from '../../cli/output.ts';
import { cleanBase32, grouped } from '../../crypto/keys/base32.ts';
import { makeToken } from '../../crypto/keys/operator-token.ts';
import { defined } from '../../domain/defined.ts';
import { MAX_TOKEN_DAYS, MAX_TOKEN_LIFE, MAX_TOKEN_NETWORKS } from '../../domain/operators.ts';
import { ROLES } from '../../domain/roles.ts';
import { iso } from '../../domain/units.ts';
import { NetworkSet } from '../../platform/network.ts';
import type { TokenRecord } from '../../store/operators.ts';
import { naming, ofText } from '../core/kind.ts';
import { NETWORK, shownIdOf } from '../core/kinds.ts';
import { ends } from '../core/moments.ts';
import { arg, many, need, opt, pageOf } from '../core/params.ts';
import { changes, lists } from '../core/row.ts';
import { subject } from '../core/subject.ts';
import { checkGives, isOf, ofOperator, operatorName, operatorOf, role } from './who.ts';

const network = ofText('network', NETWORK, (text) => {
  try {
    new NetworkSet([text]);
    return text;
  } catch {
    return undefined;
  }
});
const tokenId = naming(
  'operator',
  ofText('token', shownIdOf('a token', 'een token'), (text) => cleanBase32(text).slice(0, 8)),
);

const tokenView = z.object({
  id: z.string(),
  operator: z.string(),
  role: z.enum(ROLES),
  networks: z.array(z.string()),
  addedAt: z.string(),
  ends: z.string(),
  ended: z.string().optional().meta({ description: 'When it was ended before its time.' }),
  lastUsed: z.string().optional().meta({ description: 'To the hour; absent: never.' }),
});
const viewToken = ({ id, addedAt, endsAt, endedAt, lastUsedAt, ...token }: TokenRecord): z.infer<typeof tokenView> => ({
  ...token,
  networks: [...token.networks],
  id: grouped(id),
  addedAt: iso(addedAt),
  ends: iso(endsAt),
  ...defined({ ended: iso(endedAt), lastUsed: iso(lastUsedAt) }),
});

export const tokens = subject('token', 'for programs: each is known by it, and may do what it says at most', {
  add: changes({
    api: { method: 'POST', path: '/operator-tokens', names: { network: 'networks' }, secret: true, creates: true },
    about: 'make a token of an operator; it is shown once',
    in: {
      name: arg(operatorName, 'whose'),
      scope: opt(role, "what it may do at most; default: the operator's role"),
      network: many(network, 'take it from there only; several times for several'),
      ends: need(ends, `when it ends, at most ${MAX_TOKEN_DAYS} days from now, such as 90d`),
    },
    out: z.object({ token: z.string(), id: z.string(), operator: z.string(), role: z.enum(ROLES), ends: z.string() }),
    right: 'security',
    second: 'operator',
    trail: ['operator.token-added'],
    undo: 'operator token end',
    examples: [
      'jan.devries --scope read --ends 90d',
      'jan.devries --scope read --network 192.0.2.0/24 --ends tomorrow',
    ],
    check: ({ network: networks }) =>
      networks.length > MAX_TOKEN_NETWORKS
        ? `Cannot bind a token to more than ${MAX_TOKEN_NETWORKS} networks; name larger ones`
        : undefined,
    run: async ({ store, clock }, { name, scope, network: networks, ends: endsAt }, call) => {
      const now = clock.now();
      if (endsAt <= now || endsAt > now + MAX_TOKEN_LIFE)
        throw new AdminError(
          'invalid',
          `Cannot make a token that ends at ${iso(endsAt)}: expected a time within ${MAX_TOKEN_DAYS} days from now`,
        );
      const holder = await operatorOf(store, name);
      checkGives(call, holder.role);
      const { token, id, hash } = makeToken();
      const made = { id, hash, operator: name, role: scope ?? holder.role, networks, endsAt };
      await store.operators.addToken(made, call.actor);
      return { token, id: grouped(id), operator: name, role: made.role, ends: iso(endsAt) };
    },
    say: (made) =>
      `${made.token}\nToken ${made.id} of operator ${made.operator}, role ${made.role}, ends ${readableTime(made.ends)}. It is not shown again: keep it in a file that only the program reads.`,
  }),

  list: lists({
    api: { method: 'GET', path: '/operator-tokens', id: 'listOperatorTokens' },
    about: 'list tokens; never the token itself',
    in: { operator: ofOperator },
    out: tokenView,
    right: 'security',
    examples: ['', '--operator jan.devries'],
    run: async ({ store }, { operator, after, limit }) => {
      const all = (await store.operators.tokens()).filter(isOf(operator)).map(viewToken);
      return pageOf(all, { after, limit }, ({ id }) => id);
    },
    header: ['TOKEN', 'OPERATOR', 'ROLE', 'NETWORKS', 'ENDS', 'LAST USED'],
    cells: (one) => [
      ...[one.id, one.operator, one.role, one.networks.join(' ')],
      one.ended === undefined ? readableTime(one.ends) : `ended ${readableTime(one.ended)}`,
      one.lastUsed === undefined ? 'never' : readableTime(one.lastUsed),
    ],
    after: (one) => one.id,
    none: 'There is no token.',
  }),

  end: changes({
    api: { method: 'DELETE', path: '/operator-tokens/{tokenId}' },
    about: 'end a token at once',
    in: { token: arg(tokenId, 'its id, as the list shows it') },
    out: z.object({ id: z.string() }),
    right: 'security',
    trail: ['operator.token-ended'],
    undo: 'operator token add makes another',
    examples: ['K7QM-2XRD'],
    run: async ({ store }, { token }, call) => {
      const found = await store.operators.token(token);
      if (found !== undefined) checkGives(call, found.holder.role);
      await store.operators.endToken(token, call.actor);
      return { id: grouped(token) };
    },
    say: ({ id }) => `Ended token ${id}: nobody is let in by it from now on.`,
  }),
});
