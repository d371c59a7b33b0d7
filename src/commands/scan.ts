/** `sluis scan exempt`: accounts whose mail passes unscanned. It takes two people to begin and one to end (decision 1973). */
import { z } from '../config/zod.ts';
import { accountOf } from '../admin/accounts.ts';
import { type AdminContext, AdminError } from '../admin/context.ts';
import { accountsOf } from '../admin/organisation-accounts.ts';
import { exemptionView } from '../admin/views.ts';
import { readableTime, table } from '../cli/output.ts';
import { NO_END, exemptUntil, isExempt } from '../domain/scan-exemption.ts';
import { iso } from '../domain/units.ts';
import { ends, login } from './core/kinds.ts';
import { arg, changes, opt, reads, subject } from './core/row.ts';

const exemption = z.object({
  login: z.string(),
  until: z.string().meta({ description: 'When it ends; "no end".' }),
});

const untilText = (until: string): string =>
  until === 'no end' ? 'until it is ended' : `until ${readableTime(until)}`;

const add = changes({
  about: 'let what an account submits pass unscanned; two people must stand behind it',
  in: { login: arg(login, 'the account'), ends: opt(ends, 'when it ends by itself, such as 2027-12-31 or 14d') },
  out: exemption,
  right: 'security',
  // The second person judges it, and whoever finds malware later asks for it.
  reason: 'needed',
  second: 'scan-exempt',
  trail: ['scan.exempted'],
  undo: 'scan exempt end',
  examples: ['huisarts --ends 14d --reason "ClamAV takes its laboratory files for malware"'],
  run: async ({ store, secondPerson, clock }, { login: name, ends: at }, { actor }) => {
    const { account } = await accountOf(store.registry, name);
    const no = (why: string): never => {
      throw new AdminError('conflict', `Cannot exempt "${account.login}" from scanning: ${why}`);
    };
    // Approval is asked for where the configuration says so; where it does not, one person would have decided alone.
    if (!secondPerson.includes('scan-exempt'))
      return no(
        'it takes two people, and operators.second-person does not have "scan-exempt"; add it to the configuration, and register two operators ("sluis operator add")',
      );
    if (account.state === 'ended') return no('it has ended');
    if (at !== undefined && at <= clock.now()) return no(`${iso(at)} is not in the future; give a later --ends`);
    await store.registry.changeScanExemption(account.login, at ?? NO_END, actor);
    return { login: account.login, until: iso(at) ?? 'no end' };
  },
  say: ({ login: name, until }) =>
    `What ${name} submits is not scanned, ${untilText(until)}. "sluis scan exempt end ${name}" ends it.`,
});

const end = changes({
  about: 'have what an account submits scanned again',
  in: { login: arg(login, 'the account') },
  out: z.object({ login: z.string() }),
  right: 'security',
  trail: ['scan.exemption-ended'],
  undo: 'scan exempt add, by two people',
  examples: ['huisarts'],
  run: async ({ store }, { login: name }, { actor }) => {
    const { account } = await accountOf(store.registry, name);
    if (exemptUntil(account) === undefined)
      throw new AdminError(
        'conflict',
        `Cannot end the exemption of "${account.login}": it has none; "sluis scan exempt list" shows them`,
      );
    await store.registry.changeScanExemption(account.login, null, actor);
    return { login: account.login };
  },
  say: ({ login: name }) => `What ${name} submits is scanned.`,
});

async function exempted({ store, clock }: AdminContext): Promise<z.infer<typeof exemption>[]> {
  const found: z.infer<typeof exemption>[] = [];
  for await (const { account } of accountsOf(store)) {
    const until = account.state === 'ended' ? undefined : exemptionView(account);
    if (until !== undefined && isExempt(account, clock.now())) found.push({ login: account.login, until });
  }
  return found;
}

const list = reads({
  about: 'accounts whose mail passes unscanned',
  in: {},
  out: z.array(exemption),
  right: 'read',
  examples: [''],
  run: exempted,
  say: (all) =>
    all.length === 0
      ? 'No account is exempt from scanning.'
      : `${table(
          ['ACCOUNT', 'UNTIL'],
          all.map(({ login: name, until }) => [name, until === 'no end' ? until : readableTime(until)]),
        )}\n"sluis audit list --event scan.exempted" shows who decided it, and why.`,
});

export const scans = subject('scan', 'scanning for malware', {
  exempt: subject('exempt', 'accounts whose mail passes unscanned', { add, list, end }),
});
