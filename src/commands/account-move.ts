/**
 * `sluis account move`: accounts go to another organisation with their log-in, addresses and the mail since a day; what was before stays. Each account is
 * moved by itself, and one that is there already is left alone: cut short, it is asked again.
 */
import { z } from '../config/zod.ts';
import { accountOf } from '../admin/accounts.ts';
import { type AdminContext, AdminError, type Call } from '../admin/context.ts';
import { readableSize, readableTime } from '../cli/output.ts';
import { formerLogin } from '../domain/account-move.ts';
import { many } from '../domain/counted.ts';
import { defined } from '../domain/defined.ts';
import { type Instant, days as lengthOf, instant, iso } from '../domain/units.ts';
import type { AccountMove, AccountTies } from '../store/account-moves.ts';
import { RegistryError } from '../store/registry.ts';
import { accountColumn } from './core/accounts.ts';
import { recordsOf } from './core/csv.ts';
import { days, login, organisation, since } from './core/kinds.ts';
import { publishing } from './core/publishing.ts';
import { arg, changes, flag, maybe, old, opt } from './core/row.ts';

/** Accounts of one file: what each did is told. */
const MAX_MOVES = 5000;
const MAX_GRACE = 366;
const GRACE = 30;

const share = z.object({ messages: z.number(), octets: z.number() });
const moveView = z.object({
  login: z.string(),
  organisation: z.string(),
  already: z.literal(true).optional().meta({ description: 'It belongs there; nothing was done.' }),
  from: z.string().optional(),
  since: z.string().optional().meta({ description: 'What was received since goes along.' }),
  former: z.string().optional().meta({ description: 'Where the old organisation finds what was before.' }),
  closes: z.string().optional().meta({ description: 'Until when it does.' }),
  addresses: z.array(z.string()).readonly().optional(),
  passwords: z.number().optional(),
  certificates: z.number().optional(),
  pgpKeys: z.number().optional(),
  revoked: z
    .array(
      z.object({
        use: z.string(),
        name: z.string().meta({ description: 'Serial number, or the name under which it was registered for log-in.' }),
        subject: z.string(),
        fingerprint: z.string(),
        own: z.boolean().meta({
          description:
            "By the gateway's own authority, whose revocation list names it; others have to be told to their issuer.",
        }),
      }),
    )
    .optional(),
  delegations: z
    .array(z.object({ address: z.string(), login: z.string() }))
    .readonly()
    .optional(),
  substitutes: z
    .array(z.object({ address: z.string(), substitute: z.string() }))
    .readonly()
    .optional(),
  codes: z.number().optional(),
  identities: z.array(z.string()).readonly().optional(),
  moved: share.extend({ held: z.number() }).optional(),
  left: share.optional(),
  sessions: z.number().optional().meta({ description: 'Open sessions that ended.' }),
});
type MoveView = z.infer<typeof moveView>;
const movesView = z.object({
  applied: z.boolean().meta({ description: 'False where it was only asked what would be.' }),
  accounts: z.array(moveView),
  problem: z.string().optional().meta({ description: 'Why the revocation list could not be written.' }),
});
export type AccountMovesView = z.infer<typeof movesView>;

interface Wanted {
  readonly login: string;
  readonly organisation: string;
  readonly move: AccountMove;
}

const shareView = ({ since: from, endsAt }: AccountMove, ties: AccountTies) => {
  const { naming, from: whose, addresses, passwords, certificates, pgpKeys, delegations, substitutes, codes } = ties;
  return {
    from: whose,
    since: iso(from),
    closes: iso(endsAt),
    addresses,
    passwords,
    certificates,
    pgpKeys,
    delegations,
    substitutes,
    codes,
    identities: ties.identities,
    revoked: naming.map(({ use, serial, registration, subject, fingerprint, own }) => ({
      use,
      name: serial ?? registration ?? '',
      subject,
      fingerprint,
      own,
    })),
  };
};

/** Undefined where it is not there yet. */
async function alreadyThere(
  { store }: AdminContext,
  { login: name, organisation: to }: Wanted,
): Promise<MoveView | undefined> {
  const there = (await accountOf(store.registry, name)).organisation === to;
  return there ? { login: name, organisation: to, already: true } : undefined;
}

async function planOf(context: AdminContext, wanted: Wanted): Promise<MoveView> {
  const already = await alreadyThere(context, wanted);
  if (already !== undefined) return already;
  const { move, login: name, organisation: to } = wanted;
  const { moved, left, ...ties } = await context.store.accountMoves.plan(move);
  const former = formerLogin(name, context.clock.now(), 1);
  return { login: name, organisation: to, former, ...shareView(move, ties), moved: { ...moved, held: 0 }, left };
}

/** Every account, or all that is wrong with them. */
async function plansOf(context: AdminContext, all: readonly Wanted[], progress: Call['progress']): Promise<MoveView[]> {
  const plans: MoveView[] = [];
  const problems: (AdminError | RegistryError)[] = [];
  for (const [done, wanted] of all.entries()) {
    progress(done, all.length, 'Checking');
    try {
      plans.push(await planOf(context, wanted));
    } catch (error) {
      if (!(error instanceof AdminError || error instanceof RegistryError)) throw error;
      problems.push(error);
    }
  }
  const [first] = problems;
  if (first === undefined) return plans;
  if (all.length === 1) throw new AdminError(first.kind, `Cannot move: ${first.message}`);
  const lines = problems.map(({ message }) => `  ${message}`).join('\n');
  throw new AdminError('invalid', `Cannot move, nothing was changed:\n${lines}`);
}

async function moveOne(context: AdminContext, wanted: Wanted, { actor }: Call): Promise<MoveView> {
  const already = await alreadyThere(context, wanted);
  if (already !== undefined) return already;
  const { move, login: name, organisation: to } = wanted;
  const done = await context.store.accountMoves.move(move, actor, () => undefined);
  const { moved, left, former, account: _, ...ties } = done;
  // Behind a read: a login that was under way when the commit came has its session by now, or finds another account.
  await context.store.registry.findAccount(former.login);
  const { cutSessionsOf } = await import('../admin/sessions.ts');
  const sessions = cutSessionsOf(context, former.account);
  return { login: name, organisation: to, former: former.login, ...shareView(move, ties), moved, left, sessions };
}

async function moveAll(context: AdminContext, all: readonly Wanted[], call: Call): Promise<AccountMovesView> {
  // What is wrong with one of them is found before the first has moved.
  await plansOf(context, all, call.progress);
  const accounts: MoveView[] = [];
  for (const wanted of all) {
    accounts.push(await moveOne(context, wanted, call));
    call.progress(accounts.length, all.length);
  }
  const isListed = accounts.some(({ revoked = [] }) => revoked.some(({ own }) => own));
  const problem = isListed ? await publishing(context) : undefined;
  return { applied: true, accounts, ...defined({ problem }) };
}

const where = { organisation: arg(organisation, 'where it goes') };
const columns = { ...accountColumn, ...where, since: old(arg(since, 'mail received since then goes along'), 'from') };

export const move = changes({
  about: 'an account goes to another organisation, with its addresses and the mail since a day',
  in: {
    login: maybe(login, 'the account'),
    organisation: opt(organisation, 'where it goes'),
    since: opt(since, 'mail received since then goes along: a day such as 2026-11-01, or a moment; not ahead'),
    grace: opt(days(MAX_GRACE), `how long the old organisation can collect what stays; default: ${GRACE}d`, GRACE),
    dryRun: flag('say what would change, and change nothing'),
  },
  upload: {
    about: 'many: CSV with the header "account,organisation,since"',
    was: { name: 'from-file', beside: 'since' },
  },
  out: movesView,
  right: 'registry',
  second: 'address-move',
  isLook: ({ dryRun }) => dryRun,
  trail: ['registry.account-moved'],
  undo: 'account move, back to where it was; what stayed there stays',
  examples: [
    'huisarts --organisation umc --since 14d --dry-run',
    'huisarts --organisation umc --since yesterday --reason "the practice joins the hospital"',
    '--from moves.csv --dry-run',
  ],
  progress: { phase: 'Moving', unit: 'accounts' },
  run: async (context, { login: name, organisation: to, since: from, grace, dryRun }, call) => {
    const now = (): Instant => context.clock.now();
    const endsAt = instant(now() + lengthOf(grace));
    const isNamed = name !== undefined || to !== undefined || from !== undefined;
    if (call.upload !== undefined && isNamed)
      throw new AdminError(
        'invalid',
        'Cannot move with --from FILE and an account, --organisation or --since: the file names them; leave one out',
      );
    const file = { action: 'move', columns, most: MAX_MOVES, now, once: 'account' } as const;
    const named =
      name === undefined || to === undefined || from === undefined
        ? undefined
        : [{ account: name, organisation: to, since: from }];
    if (call.upload === undefined && named === undefined)
      throw new AdminError(
        'invalid',
        'Cannot move: expected LOGIN --organisation NAME --since DATE, or a file with --from',
      );
    const all = (named ?? (await recordsOf(call.upload, file))).map((one): Wanted => {
      const move = { login: one.account, organisation: one.organisation, since: one.since, endsAt };
      return { login: one.account, organisation: one.organisation, move };
    });
    if (dryRun) return { applied: false, accounts: await plansOf(context, all, call.progress) };
    return await moveAll(context, all, call);
  },
  say: movesText,
});

function movesText({ applied, accounts, problem }: AccountMovesView): string {
  const [only] = accounts;
  const lines =
    accounts.length === 1 && only !== undefined ? oneText(only, applied) : accounts.map((a) => lineOf(a, applied));
  const moved = accounts.filter(({ already }) => already !== true).length;
  if (accounts.length > 1) lines.push(`${many(moved, 'account')} ${applied ? 'moved' : 'would move'}.`);
  if (!applied && accounts.length > 1) lines.push('Nothing was changed.');
  const revoked = accounts.flatMap((a) => a.revoked ?? []);
  if (applied && revoked.length > 0) {
    lines.push(
      '',
      'New certificates: sluis cert issue --account LOGIN --for login (or mail) --code, and hand the code to their owners.',
    );
    if (revoked.some(({ own }) => !own))
      lines.push('Tell the issuers of the others as well: this gateway can only refuse them itself.');
  }
  if (problem !== undefined) lines.push(problem);
  return lines.join('\n');
}

const lineOf = (a: MoveView, applied: boolean): string =>
  a.already === true
    ? `${a.login}: belongs to ${a.organisation} already`
    : `${a.login}: ${applied ? 'moved' : 'would move'} from ${a.from ?? ''} to ${a.organisation}; ${many(a.moved?.messages ?? 0, 'message')} along, ${many(a.left?.messages ?? 0, 'message')} left in ${a.former ?? ''}; ${many(a.revoked?.length ?? 0, 'certificate')} revoked, ${many(a.delegations?.length ?? 0, 'delegation')} ended`;

function oneText(a: MoveView, applied: boolean): string[] {
  const { login: name, organisation: to, from = '', former = '', sessions = 0, codes = 0, pgpKeys = 0 } = a;
  if (a.already === true) return [`Account ${name} belongs to ${to} already; nothing was changed.`];
  const keys = [
    many(a.passwords ?? 0, 'password'),
    many(a.certificates ?? 0, 'certificate'),
    ...(pgpKeys === 0 ? [] : [many(pgpKeys, 'OpenPGP key')]),
  ].join(', ');
  const held = a.moved?.held ?? 0;
  return [
    applied
      ? `Moved account ${name} from ${from} to ${to}:`
      : `Nothing was done. Account ${name} would move from ${from} to ${to}:`,
    `- it logs in as before (${keys})${sessions === 0 ? '' : `; ${many(sessions, 'open session')} ended`}`,
    `- addresses that go along: ${a.addresses?.join(', ') || 'none'}`,
    `- mail received since ${readableTime(a.since) ?? ''} goes along: ${sizeOf(a.moved)}${held === 0 ? '' : `, and ${many(held, 'held message')}`}; programs fetch nothing twice`,
    `- earlier mail, what can be handed out again and the trail stay with ${from}, as account ${former}: ${sizeOf(a.left)}`,
    `- ${former} closes ${readableTime(a.closes) ?? ''}; until then: sluis mailbox export ${former} FILE --reason TEXT, or sluis account password add ${former} --name NAME`,
    ...(a.revoked ?? []).map(
      (r) => `- revoked, since it names ${from}: certificate ${r.name} for ${r.use}, ${r.subject}`,
    ),
    ...(codes === 0 ? [] : [`- void: ${many(codes, 'one-time code')}, for passwords and certificates`]),
    ...(a.delegations ?? []).map((d) => `- taken back: ${d.login} may send as ${d.address}`),
    ...(a.substitutes ?? []).map((s) => `- taken back: ${s.substitute} stands in for ${s.address}`),
    ...(a.identities ?? []).map(
      (identity) =>
        `- stays with ${from}: EDI identity ${identity}; for ${to}: sluis organisation edi remove ${identity}, then sluis organisation edi add ${to} ${identity}`,
    ),
  ];
}

const sizeOf = (of: z.infer<typeof share> | undefined): string =>
  of === undefined ? '' : `${many(of.messages, 'message')} (${readableSize(of.octets)})`;
