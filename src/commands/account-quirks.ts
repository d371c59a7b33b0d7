/**
 * `sluis account quirks`, `observed` and `enforce`: in what programs deviate from the standards,
 * and what would break if the gateway became strict.
 */
import { z } from '../config/zod.ts';
import { type QuirkView, quirkView } from '../admin/quirks.ts';
import { readableTime, table } from '../cli/output.ts';
import { agree, many } from '../domain/counted.ts';
import { defined } from '../domain/defined.ts';
import { login } from './core/kinds.ts';
import { text } from './core/kind.ts';
import { arg, flag, moved, opt } from './core/params.ts';
import { changes, lookPart, reads, readsHere } from './core/row.ts';

export const quirks = reads({
  api: { method: 'GET', path: '/accounts/{accountId}/quirks' },
  about: 'how its programs deviate from the standards, how often, and what switching that off would refuse',
  in: { login: arg(login, 'the account') },
  out: z.array(quirkView).readonly(),
  right: 'read',
  examples: ['huisarts'],
  run: async (context, { login: name }) => {
    const [{ accountOf }, { quirksOf }] = await Promise.all([
      import('../admin/accounts.ts'),
      import('../admin/quirks.ts'),
    ]);
    return await quirksOf(context, await accountOf(context.store.registry, name));
  },
  say: (all) => (all.length === 0 ? 'No deviation was seen in the last 100 days.' : all.map(quirkText).join('\n\n')),
});

const ago = ({ daysAgo, last }: QuirkView): string =>
  daysAgo === 0 ? 'today' : daysAgo === 1 ? 'yesterday' : last.slice(0, 10);

const times = (n: number): string => (n === 1 ? 'once' : `${n} times`);

function quirkText(view: QuirkView): string {
  const { quirk, about, rfc, tolerated, refused, firstDay, client, allowed, setting } = view;
  const seen = [
    ...(tolerated === 0 ? [] : [`seen ${times(tolerated)}`]),
    ...(refused === 0 ? [] : [`refused ${times(refused)}`]),
  ].join(', ');
  const by = client === undefined ? '' : `, by ${client}`;
  return [
    `${quirk}: ${seen} since ${firstDay}, last ${ago(view)}${by}: ${about} (${rfc})`,
    `  ${advice(allowed, setting)}`,
  ].join('\n');
}

function advice(allowed: boolean, setting: QuirkView['setting']): string {
  if (setting === undefined)
    return allowed ? 'allowed by the listener; another port would refuse these' : 'no account is allowed this';
  return allowed
    ? `allowed (${setting.name}=${setting.value}); switching it off (${setting.name}=${setting.other}) would refuse these`
    : `refused (${setting.name}=${setting.value}); ${setting.name}=${setting.other} would allow these`;
}

const observedView = z.object({
  login: z.string(),
  organisation: z.string(),
  until: z.string(),
  over: z.boolean().meta({ description: 'It is observed for longer than was asked for.' }),
  deviations: z
    .array(
      z.object({
        quirk: z.string(),
        about: z.string(),
        setting: z.string(),
        count: z.number(),
        last: z.string(),
        client: z.string().optional(),
      }),
    )
    .readonly(),
});
type Observed = Readonly<z.infer<typeof observedView>>;

const enforcedView = z.object({
  accounts: z.number(),
  tolerant: z.number().meta({ description: 'Those of them that keep a tolerance.' }),
});
type Enforced = z.infer<typeof enforcedView>;

/** One page of accounts: those that are observed, and where the next page begins. */
export const observedPart = lookPart({
  about: 'accounts of a page that are observed',
  in: { after: opt(text('login'), 'the last account of the page before') },
  out: z.object({ accounts: z.array(observedView).readonly(), next: z.string().optional() }),
  right: 'read',
  run: async (context, { after }) => {
    const { observedPage } = await import('../notices/observed.ts');
    return await observedPage(context, { limit: 500, ...defined({ after }) });
  },
});

export const observed = readsHere({
  about: 'accounts imported with --observe: which would be refused by which rule',
  in: {
    enforce: moved(flag('take back each tolerance that was not needed'), 'account enforce'),
    early: moved(flag('with --enforce: also if the time is not over yet'), 'account enforce --early'),
  },
  out: z.union([z.array(observedView), enforcedView]),
  right: 'read',
  reason: 'optional',
  examples: [''],
  run: async (here, { enforce: isEnforced, early }) => {
    if (isEnforced) return await here.call(enforce, { early });
    const all: Observed[] = [];
    for (let after: string | undefined; ;) {
      const page = await here.call(observedPart, { after });
      all.push(...page.accounts);
      if (page.next === undefined) return all;
      after = page.next;
    }
  },
  say: (all) => (Array.isArray(all) ? observedText(all) : enforcedText(all)),
});

export const enforce = changes({
  about: 'if the time is over: take back each tolerance that the account did not need',
  in: { early: flag('also if the time is not over yet') },
  out: enforcedView,
  right: 'registry',
  trail: ['registry.settings'],
  undo: 'account set, of the tolerances that "account quirks" names',
  examples: ['', '--early'],
  progress: { phase: 'Setting', unit: 'accounts' },
  run: async (context, input, call) => {
    const { enforceRules } = await import('../admin/observed.ts');
    return await enforceRules(context, input, call);
  },
  say: enforcedText,
});

function enforcedText({ accounts, tolerant }: Enforced): string {
  if (accounts === 0) return 'No account is observed whose time is over; --early does not wait for it.';
  const usual = accounts - tolerant;
  return `${many(accounts, 'account')} ${agree(accounts, 'is', 'are')} no longer observed: ${usual} ${agree(usual, 'follows', 'follow')} the usual rules, ${tolerant} ${agree(tolerant, 'keeps the tolerances that it', 'keep the tolerances that they')} needed.`;
}

function observedText(all: readonly Observed[]): string {
  if (all.length === 0) return 'No account is observed.';
  const breaking = all.filter(({ deviations }) => deviations.length > 0);
  const over = all.filter((account) => account.over).length;
  const summary = `${many(all.length, 'account')} ${agree(all.length, 'is', 'are')} observed, ${over} of them longer than was asked for.`;
  if (breaking.length === 0) return `${summary} None would be refused.`;
  const rows = breaking.flatMap(({ login: name, until, deviations }) =>
    deviations.map((d) => [name, until, d.quirk, d.count, readableTime(d.last), d.client]),
  );
  return `${summary} ${breaking.length} would be refused:\n${table(['ACCOUNT', 'UNTIL', 'RULE', 'TIMES', 'LAST', 'PROGRAM'], rows)}`;
}
