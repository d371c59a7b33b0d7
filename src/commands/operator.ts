/** `sluis operator`: the people who work with the gateway, what each may do, and how each is known. */
import { z } from '../config/zod.ts';
import { AdminError, type Call } from '../admin/context.ts';
import { readableTime, table } from '../cli/output.ts';
import { makeToken } from '../crypto/operator-token.ts';
import { cleanBase32, grouped } from '../crypto/base32.ts';
import { readCertificate } from '../crypto/certificate.ts';
import { fingerprintOf, readOperatorKey } from '../crypto/operator-key.ts';
import { agree, many as counted } from '../domain/counted.ts';
import { defined } from '../domain/defined.ts';
import { MAX_TOKEN_DAYS, MAX_TOKEN_LIFE, MAX_TOKEN_NETWORKS } from '../domain/operators.ts';
import { ROLES, ROLE_ABOUT, type Role, covers, mayDo } from '../domain/roles.ts';
import { isOperatorName } from '../domain/second-person.ts';
import { type Instant, iso } from '../domain/units.ts';
import { NetworkSet } from '../platform/network.ts';
import type { OperatorRecord, TokenRecord } from '../store/operators.ts';
import type { Store } from '../store/port/store.ts';
import { choice, ends, file, naming, ofText, organisation, pem } from './core/kinds.ts';
import { arg, changes, changesHere, lists, many, maybe, need, opt, reads, subject } from './core/row.ts';

export const operatorName = naming(
  'operator',
  ofText('name', '1 to 32 characters a-z, 0-9, - and ., such as jan.devries', (text) =>
    isOperatorName(text) ? text : undefined,
  ),
);
const role = choice('role', ROLES);
const network = ofText('network', 'an address or a network, such as 192.0.2.7 or 192.0.2.0/24', (text) => {
  try {
    new NetworkSet([text]);
    return text;
  } catch {
    return undefined;
  }
});
const tokenId = naming(
  'operator',
  ofText('token', 'the id of a token, such as K7QM-2XRD', (text) => cleanBase32(text).slice(0, 8)),
);

const view = z.object({
  name: z.string(),
  role: z.enum(ROLES),
  organisation: z.string().optional().meta({ description: 'The only one that the operator may do anything for.' }),
  fingerprint: z.string().optional().meta({ description: 'SHA-256 of the public key by which the operator signs.' }),
  certificate: z.string().optional().meta({ description: 'SHA-256 of the client certificate.' }),
  addedAt: z.string(),
  ends: z.string().optional().meta({ description: 'From then on the operator may do nothing.' }),
});
type View = z.infer<typeof view>;
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
const rightView = z.object({ operation: z.string(), right: z.enum(ROLES), roles: z.array(z.enum(ROLES)) });

const viewOf = ({ addedAt, endsAt, publicKey: _, ...operator }: OperatorRecord & { publicKey?: unknown }): View => ({
  ...operator,
  addedAt: iso(addedAt),
  ...defined({ ends: iso(endsAt) }),
});
const viewToken = ({ id, addedAt, endsAt, endedAt, lastUsedAt, ...token }: TokenRecord): z.infer<typeof tokenView> => ({
  ...token,
  networks: [...token.networks],
  id: grouped(id),
  addedAt: iso(addedAt),
  ends: iso(endsAt),
  ...defined({ ended: iso(endedAt), lastUsed: iso(lastUsedAt) }),
});

/** Nobody gives what he does not have, nor changes somebody who may do more: otherwise the right to register operators would be every right. */
function checkGives({ who }: Call, ...roles: readonly Role[]): void {
  const above = roles.find((one) => !covers(who.role, one));
  if (above !== undefined)
    throw new AdminError(
      'forbidden',
      `Cannot give or change the role "${above}": your own is "${who.role}", which may do less; ask somebody whose role reaches so far`,
    );
}

async function operatorOf(store: Store, name: string): Promise<OperatorRecord> {
  const found = (await store.operators.list()).find((one) => one.name === name);
  if (found !== undefined) return found;
  throw new AdminError('unknown', `There is no operator "${name}"; "sluis operator list" shows those there are`);
}

function keyIn(name: string, text: string): { readonly fingerprint: string; readonly publicKey: Uint8Array } {
  const read = readOperatorKey(text);
  if (!read.ok) throw new AdminError('invalid', `Cannot use the public key of operator "${name}": ${read.error}`);
  return { fingerprint: fingerprintOf(read.value), publicKey: read.value };
}

function certificateIn(name: string, text: string): string {
  const read = readCertificate(text);
  if (read.ok) return read.value.fingerprint;
  throw new AdminError(
    'invalid',
    `Cannot use the certificate of operator "${name}": ${read.error.text}; expected PEM with one certificate`,
  );
}

interface Gives {
  readonly publicKey: string | undefined;
  readonly certificate: string | undefined;
  readonly ends: Instant | undefined;
}
const given = (name: string, { publicKey, certificate, ends: endsAt }: Gives) =>
  defined({
    key: publicKey === undefined ? undefined : keyIn(name, publicKey),
    certificate: certificate === undefined ? undefined : certificateIn(name, certificate),
    endsAt,
  });

const GIVEN = {
  publicKey: opt(
    pem(),
    'Ed25519 or ECDSA: PEM, a certificate, or an OpenSSH ed25519 key; the signature counts as that of a second person',
  ),
  certificate: opt(pem(), 'client certificate by which the operator is known'),
  ends: opt(ends, 'when the operator may do nothing any more'),
};

const tokens = subject('token', 'for programs: each is known by it, and may do what it says at most', {
  add: changes({
    api: { method: 'POST', path: '/operator-tokens', secret: true, creates: true },
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
    in: {},
    out: tokenView,
    right: 'security',
    examples: [''],
    run: async ({ store }, { after, limit }) => {
      const all = (await store.operators.tokens()).map(viewToken);
      const from = after === undefined ? 0 : all.findIndex(({ id }) => id === after) + 1;
      return all.slice(from, from + limit);
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
    say: ({ id }) => `Ended token ${id}: nobody is let in by it any more.`,
  }),
});

export const operators = subject('operator', 'people who work with the gateway, and what each may do', {
  add: changes({
    about: 'register an operator',
    in: {
      name: arg(operatorName, 'such as jan.devries'),
      role: opt(role, 'what the operator may do: "sluis operator roles"', 'read'),
      organisation: opt(organisation, 'may do anything for this one only'),
      ...GIVEN,
    },
    out: z.object({ name: z.string(), role: z.enum(ROLES), fingerprint: z.string().optional() }),
    right: 'security',
    second: 'operator',
    trail: ['operator.added'],
    undo: 'operator end',
    examples: [
      'els --role support',
      'piet --role owner --public-key piet.pub',
      'kees --role registry --certificate kees.pem --ends 90d',
    ],
    run: async ({ store }, { name, role: gets, organisation: only, ...more }, call) => {
      checkGives(call, gets);
      const operator = { name, role: gets, ...defined({ organisation: only }), ...given(name, more) };
      await store.operators.add(operator, call.actor);
      return { name, role: gets, ...defined({ fingerprint: operator.key?.fingerprint }) };
    },
    say: (done) =>
      `Registered operator ${done.name}, role ${done.role}${done.fingerprint === undefined ? '' : `, key ${done.fingerprint}`}.`,
  }),

  list: lists({
    api: { method: 'GET', path: '/operators', id: 'listOperators', ids: { organisationId: 'organisation' } },
    about: 'list operators, their roles and how each is known',
    in: {},
    out: view,
    right: 'read',
    examples: [''],
    run: async ({ store }, { after = '', limit }) =>
      (await store.operators.list())
        .filter(({ name }) => name > after)
        .slice(0, limit)
        .map(viewOf),
    header: ['NAME', 'ROLE', 'ORGANISATION', 'SINCE', 'ENDS', 'KEY', 'CERTIFICATE'],
    cells: (one) => [
      ...[one.name, one.role, one.organisation ?? 'all', readableTime(one.addedAt)],
      one.ends === undefined ? '' : readableTime(one.ends),
      ...[one.fingerprint ?? '', one.certificate ?? ''],
    ],
    after: (one) => one.name,
    none: 'No operator is registered.',
  }),

  set: changes({
    about: 'give an operator another role, key, certificate or end',
    in: { name: arg(operatorName, 'whose'), role: opt(role, 'from now on, for tokens too'), ...GIVEN },
    out: view,
    right: 'security',
    second: 'operator',
    trail: ['operator.rights-changed'],
    undo: 'the same with what was before; a key that was replaced is never taken again',
    examples: ['jan.devries --role registry', 'jan.devries --ends 30d'],
    check: ({ role: gets, publicKey, certificate, ends: endsAt }) =>
      [gets, publicKey, certificate, endsAt].every((one) => one === undefined)
        ? 'Cannot set nothing: add --role, --public-key, --certificate or --ends'
        : undefined,
    run: async ({ store }, { name, role: gets, ...more }, call) => {
      const { role: had } = await operatorOf(store, name);
      checkGives(call, had, gets ?? had);
      await store.operators.set(name, { ...defined({ role: gets }), ...given(name, more) }, call.actor);
      return viewOf(await operatorOf(store, name));
    },
    say: (one) =>
      `Operator ${one.name} has the role ${one.role}${one.ends === undefined ? '' : ` until ${readableTime(one.ends)}`}.`,
  }),

  end: changes({
    about: 'end an operator for good, with all tokens: the key is never taken again',
    in: { name: arg(operatorName, 'whose') },
    out: z.object({ name: z.string() }),
    right: 'security',
    second: 'operator',
    was: ['remove'],
    trail: ['operator.removed'],
    undo: 'operator add, with another key and new tokens',
    examples: ['els'],
    run: async ({ store }, { name }, call) => {
      checkGives(call, (await operatorOf(store, name)).role);
      await store.operators.end(name, call.actor);
      return { name };
    },
    say: ({ name }) => `Operator ${name} has ended: tokens, certificate and signature count no more.`,
  }),

  roles: reads({
    api: { method: 'GET', path: '/roles' },
    about: 'show what each role may do, by operation',
    in: { role: maybe(role, 'what this one may do only') },
    out: z.object({
      roles: z.array(z.object({ role: z.enum(ROLES), about: z.string() })),
      operations: z.array(rightView),
    }),
    right: 'read',
    examples: ['', 'support'],
    run: (_context, { role: only }, { rights = [] }) =>
      Promise.resolve({
        roles: ROLES.filter((one) => only === undefined || one === only).map((one) => ({
          role: one,
          about: ROLE_ABOUT[one],
        })),
        operations: rights
          .filter(({ right }) => only === undefined || mayDo(only, right))
          .map((one) => ({ ...one, roles: ROLES.filter((of) => mayDo(of, one.right)) })),
      }),
    say: ({ roles, operations }) =>
      [
        ...roles.map((one) => `${one.role}: ${one.about}.`),
        '',
        table(
          ['OPERATION', ...roles.map((one) => one.role.toUpperCase())],
          operations.map((one) => [one.operation, ...roles.map((of) => (one.roles.includes(of.role) ? 'yes' : '-'))]),
        ),
        `${counted(operations.length, 'operation')} ${agree(operations.length, 'is', 'are')} shown.`,
      ].join('\n'),
  }),

  key: changesHere({
    about: 'make a key pair of your own: needs no gateway, so make it on your own machine',
    in: {
      name: arg(operatorName, 'yours'),
      out: need(file, 'new file for the private key, mode 0600, under a passphrase; FILE.pub: the public'),
      passwordFile: opt(file, 'first line of this file is the password; - for standard input; else a prompt'),
      passwordOut: opt(file, 'make a password up and write it to this new file, mode 0600'),
    },
    out: z.object({ name: z.string(), private: z.string(), public: z.string() }),
    right: 'read',
    trail: [],
    undo: 'remove the files',
    examples: ['jan.devries --out jan.pem'],
    check: ({ passwordFile, passwordOut }) =>
      passwordFile !== undefined && passwordOut !== undefined
        ? 'Cannot use --password-file and --password-out: it is one or the other'
        : undefined,
    run: async ({ terminal }, { name, out, ...secret }) => {
      const { makeKeyFiles } = await import('../cli/operator-key-files.ts');
      await makeKeyFiles(terminal, out, secret);
      return { name, private: out, public: `${out}.pub` };
    },
    say: (made) =>
      `Private key: ${made.private}, under its passphrase; keep it for yourself. Public key: ${made.public}\nRegister it: sluis operator add ${made.name} --public-key ${made.public}`,
  }),

  token: tokens,
});
