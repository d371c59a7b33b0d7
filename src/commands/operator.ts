/**
 * `sluis operator`: the people who work with the gateway, what each may do, and how each proves who
 * he is.
 */
import { z } from '../config/zod.ts';
import { AdminError } from '../admin/error.ts';
import { facts, readableTime, table } from '../cli/output.ts';
import { readCertificate } from '../crypto/certificates/certificate.ts';
import { fingerprintOf, readOperatorKey } from '../crypto/trail/operator-key.ts';
import { agree, many as counted } from '../domain/counted.ts';
import { defined } from '../domain/defined.ts';
import { ROLES, ROLE_ABOUT, mayDo } from '../domain/roles.ts';
import { type Instant, iso } from '../domain/units.ts';
import type { OperatorRecord } from '../store/operators.ts';
import { organisation } from './core/kinds.ts';
import { file, pem } from './core/files.ts';
import { ends } from './core/moments.ts';
import { arg, flag, maybe, need, opt } from './core/params.ts';
import { changes, changesHere, lists, reads } from './core/row.ts';
import { subject } from './core/subject.ts';
import { breakGlass } from './operator/break-glass.ts';
import { identities } from './operator/identities.ts';
import { codeOut, codeText, makeConsoleCode, passkeys } from './operator/passkeys.ts';
import { consoleSessions } from './operator/sessions.ts';
import { tokens } from './operator/tokens.ts';
import { checkGives, operatorName, operatorOf, role } from './operator/who.ts';

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
const rightView = z.object({ operation: z.string(), right: z.enum(ROLES), roles: z.array(z.enum(ROLES)) });

const viewOf = ({ addedAt, endsAt, publicKey: _, ...operator }: OperatorRecord & { publicKey?: unknown }): View => ({
  ...operator,
  addedAt: iso(addedAt),
  ...defined({ ends: iso(endsAt) }),
});
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
  ends: opt(ends, 'when the operator may no longer do anything'),
};

export const operators = subject('operator', 'people who work with the gateway, and what each may do', {
  add: changes({
    about: 'register an operator',
    in: {
      name: arg(operatorName, 'such as jan.devries'),
      role: opt(role, 'what the operator may do: "sluis operator roles"', 'read'),
      organisation: opt(organisation, 'may do anything for this one only'),
      ...GIVEN,
      console: flag('and make a one-time code with which to register a passkey for the web console'),
    },
    out: z.object({
      name: z.string(),
      role: z.enum(ROLES),
      fingerprint: z.string().optional(),
      console: codeOut.optional(),
    }),
    right: 'security',
    second: 'operator',
    trail: ['operator.added', 'operator.code-made'],
    undo: 'operator end',
    examples: [
      'els --role support --console',
      'piet --role owner --public-key piet.pub',
      'kees --role registry --certificate kees.pem --ends 90d',
    ],
    run: async (context, { name, role: gets, organisation: only, console: wanted, ...more }, call) => {
      checkGives(call, gets);
      const operator = { name, role: gets, ...defined({ organisation: only }), ...given(name, more) };
      await context.store.operators.add(operator, call.actor);
      const code = wanted ? await makeConsoleCode(context, name, call) : undefined;
      return { name, role: gets, ...defined({ fingerprint: operator.key?.fingerprint, console: code }) };
    },
    say: (done) =>
      [
        `Registered operator ${done.name}, role ${done.role}${done.fingerprint === undefined ? '' : `, key ${done.fingerprint}`}.`,
        ...(done.console === undefined ? [] : [codeText(done.console)]),
      ].join('\n'),
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

  show: reads({
    about: 'show an operator: role, for whom, how known',
    in: { name: arg(operatorName, 'whose') },
    out: view,
    right: 'read',
    examples: ['jan.devries'],
    run: async ({ store }, { name }) => viewOf(await operatorOf(store, name)),
    say: (one) =>
      facts([
        ['Operator', one.name],
        ['Role', one.role],
        ['For', one.organisation ?? 'all organisations'],
        ['Since', readableTime(one.addedAt)],
        ['Ends', readableTime(one.ends)],
        ['Signs with', one.fingerprint],
        ['Certificate', one.certificate],
      ]),
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
    about: 'end an operator for good, with all tokens: the key is never accepted again',
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
    say: ({ name }) => `Operator ${name} has ended: tokens, certificate and signature no longer count.`,
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
      passwordOut: opt(file, 'generate a password and write it to this new file, mode 0600'),
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
  passkey: passkeys,
  session: consoleSessions,
  identity: identities,
  'break-glass': breakGlass,
});
