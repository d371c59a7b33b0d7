/**
 * What the commands of `sluis takeover` ask of the gateway: where each practice stands, and what to
 * note about it.
 */
import { z } from '../../config/zod.ts';
import { accountOf } from '../../admin/accounts.ts';
import { AdminError } from '../../admin/error.ts';
import { defined } from '../../domain/defined.ts';
import { iso } from '../../domain/units.ts';
import { isoDay } from '../../domain/working-days.ts';
import { type Practice, type TakeoverMailbox, stateOf } from '../../store/takeovers.ts';
import { login, organisation } from '../core/kinds.ts';
import { anyText, choice, count, naming, ofText, text } from '../core/kind.ts';
import { day } from '../core/moments.ts';
import { arg, need, opt, rest } from '../core/params.ts';
import { lookPart, part } from '../core/row.ts';

/** Most rows of one answer. */
export const PAGE = 500;
/** Most accounts that are looked up in one call. */
export const MOST_LOOKED = 200;

export const practiceView = z.object({
  organisation: z.string(),
  title: z.string(),
  state: z.enum(['not-begun', 'rehearsed', 'importing', 'moved', 'back']),
  wave: z.string().optional(),
  day: z.string().optional().meta({ description: 'Of the wave.' }),
  mailboxes: z.number(),
  moved: z.number().meta({ description: 'Mailboxes that are here; `back`: that went back to the old server.' }),
  back: z.number(),
  problems: z.number().meta({ description: 'Mailboxes with something to correct.' }),
  messages: z.number().meta({ description: 'As the old server listed them last, with their `octets`.' }),
  octets: z.number(),
  rehearsed: z.string().optional(),
  changed: z.string().optional().meta({ description: 'When one of its mailboxes moved or failed last.' }),
  letters: z
    .object({
      announce: z.string().optional(),
      moved: z.string().optional(),
      reminder: z.string().optional(),
      back: z.string().optional(),
    })
    .meta({ description: 'When the letter of that step was written or filed.' }),
  goingBack: z.boolean().meta({ description: '`takeover back` has begun, and is not done.' }),
});
export type PracticeView = z.infer<typeof practiceView>;

export function viewPractice(row: Practice): PracticeView {
  const { title, wave, mailboxes, moved, back, problems, messages, octets } = row;
  return {
    organisation: row.organisation,
    title,
    state: stateOf(row),
    ...defined({ wave, day: isoDay(row.day) }),
    mailboxes,
    moved,
    back,
    problems,
    messages,
    octets,
    ...defined({ rehearsed: iso(row.rehearsedAt), changed: iso(row.changedAt) }),
    letters: defined({
      announce: iso(row.announcedAt),
      moved: iso(row.movedToldAt),
      reminder: iso(row.remindedAt),
      back: iso(row.backToldAt),
    }),
    goingBack: row.goingBackAt !== undefined,
  };
}

const steps = ['rehearsed', 'importing', 'failed', 'moved', 'back'] as const;

export const mailboxView = z.object({
  login: z.string(),
  organisation: z.string(),
  there: z.string().meta({ description: 'Its login name at the old server.' }),
  state: z.enum(steps),
  changed: z.string(),
  messages: z.number(),
  octets: z.number(),
  problem: z.string().optional(),
});
export type MailboxView = z.infer<typeof mailboxView>;

const viewMailbox = ({ changedAt, ...row }: TakeoverMailbox): MailboxView => ({ ...row, changed: iso(changedAt) });

/** The cursor of a page: the last name of the page before. */
const after = opt(anyText('name', 256), 'behind this one', '');
const limit = opt(count('number', { max: PAGE }), 'most', PAGE);

export const practices = lookPart({
  about: 'where the practices stand that move here',
  in: { after, limit },
  out: z.array(practiceView),
  right: 'read',
  run: async ({ store }, page) => (await store.takeovers.practices(page)).map(viewPractice),
});

export const mailboxes = lookPart({
  about: 'where mailboxes stand that move here',
  in: { organisation: opt(organisation, 'of this one alone'), after, limit },
  out: z.array(mailboxView),
  right: 'read',
  run: async ({ store: { takeovers } }, { organisation: of, ...page }) =>
    (of === undefined ? await takeovers.mailboxes(page) : await takeovers.mailboxesOf(of, page)).map(viewMailbox),
});

const lookedUp = z.object({
  login: z.string(),
  /** Absent if there is no such account. */
  organisation: z.string().optional(),
  problem: z.string().optional(),
  free: z.number(),
});

/** What is not ready yet on our side, whatever the other server has. */
export const ready = lookPart({
  about: 'whether accounts can take over a mailbox, and log in afterwards',
  in: { login: rest(login, 'the accounts', MOST_LOOKED) },
  out: z.array(lookedUp),
  right: 'read',
  run: async ({ store, clock }, { login: names }) => {
    const { free } = store.health();
    return await Promise.all(
      names.map(async (name) => {
        const found = await store.registry.findAccount(name);
        if (found === undefined)
          return {
            login: name,
            free,
            problem: 'there is no such account here; register it with "sluis account import"',
          };
        const { account, organisation: of, passwords, certificates } = found;
        const owner = await store.registry.findOrganisation(of);
        const now = clock.now();
        const opens =
          passwords.some(({ endsAt }) => endsAt === undefined || endsAt > now) ||
          certificates.some(({ revokedAt }) => revokedAt === undefined);
        const problem =
          account.kind === 'partner'
            ? 'it is a partner’s, which has no mailbox here'
            : account.state !== 'active'
              ? `the account is ${account.state}: nobody could log in`
              : owner?.state !== undefined
                ? `its organisation is ${owner.state}: nobody could log in`
                : opens
                  ? undefined
                  : 'it has no password that holds: its programs could not log in; bring the hash of the old server with "sluis account import", or give it one';
        return { login: account.login, organisation: of, free, ...defined({ problem }) };
      }),
    );
  },
});

export const note = part({
  about: 'note where a mailbox stands',
  in: {
    login: arg(login, 'the account'),
    there: need(text('name', 998), 'its login name at the old server'),
    state: need(choice('state', steps), 'where it stands'),
    messages: need(count('number', { max: 10_000_000 }), 'at the old server'),
    octets: need(count('octets', { max: 2 ** 50 }), 'their octets'),
    problem: opt(text('text', 512), 'what is to be corrected'),
  },
  out: z.object({ login: z.string() }),
  right: 'registry',
  trail: ['takeover.moved', 'takeover.returned'],
  undo: 'it is noted again with the next step',
  run: async ({ store }, { problem, ...row }, { actor }) => {
    const { account } = await accountOf(store.registry, row.login);
    await store.takeovers.note({ ...row, ...defined({ problem }) }, actor);
    return { login: account.login };
  },
});

export const wave = naming(
  'other',
  ofText(
    'wave',
    { en: '1 to 64 letters, digits, "-", "_" and "."', nl: '1 tot en met 64 letters, cijfers, "-", "_" en "."' },
    (name) => (/^[\w.-]{1,64}$/.test(name) ? name : undefined),
    64,
  ),
);

export const rehearsed = part({
  about: 'note that a practice was rehearsed for a wave',
  in: {
    organisation: arg(organisation, 'the practice'),
    login: rest(login, 'its mailboxes'),
    wave: need(wave, 'its name'),
    day: need(day, 'when it is to be'),
  },
  out: practiceView,
  right: 'registry',
  trail: ['takeover.rehearsed'],
  undo: 'not needed: nothing moved',
  run: async ({ store: { takeovers } }, { organisation: name, login: logins, wave: of, day: on }, { actor }) => {
    await takeovers.rehearsed({ organisation: name, wave: of, day: on, logins }, actor);
    const found = await takeovers.practice(name);
    if (found === undefined) throw new AdminError('unknown', `Cannot find organisation "${name}"`);
    return viewPractice(found);
  },
});
