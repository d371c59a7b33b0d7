/**
 * Accounts that were imported with every tolerance on and are observed: what they deviate in, and,
 * once a day, a word to the operator when the time of some is over. Nothing changes by itself then:
 * the operator looks (`account observed`) and enforces.
 */
import { defined } from '../domain/defined.ts';
import type { Clock, Log } from '../domain/effects.ts';
import { type Quirk, quirkFacts, tolerances } from '../domain/quirks.ts';
import { type SettingName, settingOf } from '../domain/settings.ts';
import { type Letters, lines, text } from '../letters/letter.ts';
import type { QuirkDay, Quirks } from '../store/quirks.ts';
import type { AccountSummary, Page } from '../store/registry.ts';
import type { Registry } from '../store/port/registry.ts';
import type { Store } from '../store/port/store.ts';
import type { NoticeWriter } from './notice-writer.ts';
import { file } from './uncollected-mailbox.ts';

const PAGE = 500;
/** Accounts that the letter names. */
const MAX_NAMED = 100;

export interface ObservedParts {
  readonly store: { readonly registry: Pick<Registry, 'listAccounts'>; readonly quirks: Pick<Quirks, 'of'> };
  readonly clock: Clock;
}

/** One rule under which an account would break. */
export interface Deviation {
  readonly quirk: Quirk;
  readonly about: string;
  readonly setting: SettingName;
  readonly count: number;
  readonly last: string;
  readonly client?: string;
}

export interface ObservedAccount {
  readonly login: string;
  readonly organisation: string;
  readonly until: string;
  readonly over: boolean;
  readonly deviations: readonly Deviation[];
}

/** One page of accounts: those of it that are observed, and where the next page begins. */
export interface ObservedPage {
  readonly accounts: readonly ObservedAccount[];
  readonly next?: string;
}

const untilOf = ({ account }: AccountSummary): string => settingOf('observed-until', account.settings);

export async function observedPage({ store, clock }: ObservedParts, at: Page): Promise<ObservedPage> {
  const found = await store.registry.listAccounts(at);
  const today = new Date(clock.now()).toISOString().slice(0, 10);
  // All of a page are asked for together: one after the other, 20,000 took 15 s of round trips.
  const accounts = await Promise.all(
    found
      .filter((summary) => untilOf(summary) !== 'none')
      .map(async (summary): Promise<ObservedAccount> => {
        const { account, organisation } = summary;
        const until = untilOf(summary);
        const deviations = deviationsIn(await store.quirks.of(account.id));
        return { login: account.login, organisation, until, over: until < today, deviations };
      }),
  );
  const last = found.at(-1)?.account.login;
  return { accounts, ...(found.length < at.limit || last === undefined ? {} : { next: last }) };
}

function deviationsIn(counted: readonly QuirkDay[]): Deviation[] {
  return [...tolerances].flatMap(([quirk, { name: setting }]) => {
    const its = counted.filter((day) => day.quirk === quirk);
    const n = its.reduce((sum, { tolerated }) => sum + tolerated, 0);
    if (n === 0) return [];
    const client = its.findLast((day) => day.client !== undefined)?.client;
    return [
      {
        quirk,
        about: quirkFacts(quirk).about,
        setting,
        count: n,
        last: new Date(Math.max(...its.map(({ lastAt }) => lastAt))).toISOString(),
        ...defined({ client }),
      },
    ];
  });
}

/**
 * One round over all accounts, page by page. Told once for each last day: the key of the notice
 * names it.
 */
export async function observedRound(
  parts: ObservedParts & {
    readonly store: Pick<Store, 'accept'>;
    readonly noticeWriter: NoticeWriter;
    readonly log: Log;
  },
  stopped: () => boolean,
): Promise<void> {
  const over: ObservedAccount[] = [];
  let n = 0;
  let latest = '';
  for (let after: string | undefined; ;) {
    const page = await observedPage(parts, { limit: PAGE, ...defined({ after }) });
    for (const account of page.accounts.filter((a) => a.over)) {
      n += 1;
      if (account.until > latest) latest = account.until;
      if (account.deviations.length > 0) over.push(account);
    }
    if (page.next === undefined || stopped()) break;
    after = page.next;
  }
  if (n === 0 || stopped()) return;
  parts.log.warn('observation.over', { accounts: n, breaking: over.length });
  const notice = await parts.noticeWriter.letter(await parts.noticeWriter.places.operator(), {
    kind: 'observation-over',
    once: `observed:${latest}`,
    letters: observedLetters(n, over),
  });
  await file(parts.store, notice);
}

/** `n`: how many are over it. `breaking`: of them, those that would be refused now. */
export function observedLetters(n: number, breaking: readonly ObservedAccount[]): Letters {
  const list = lines(
    ...breaking
      .slice(0, MAX_NAMED)
      .map(
        ({ login, deviations }) =>
          `${login}: ${deviations.map(({ quirk, count }) => `${quirk} (${count})`).join(', ')}`,
      ),
  );
  return {
    nl: {
      subject: `Proeftijd van ${n} overgenomen accounts is voorbij`,
      blocks: [
        text(
          `Voor deze overgenomen accounts is elke afwijking van de regels toegestaan. Aantal dat een afwijking nodig had: ${breaking.length}. Er verandert niets vanzelf: bekijk "sluis account observed", en zet de regels aan voor wie ze haalt met "sluis account enforce".`,
        ),
        ...(breaking.length === 0 ? [] : [list]),
      ],
    },
    en: {
      subject: `The observation of ${n} imported accounts is over`,
      blocks: [
        text(
          `For these imported accounts every deviation from the rules is allowed. Number that needed one: ${breaking.length}. Nothing changes by itself: look at "sluis account observed", and apply the rules to those who keep them with "sluis account enforce".`,
        ),
        ...(breaking.length === 0 ? [] : [list]),
      ],
    },
  };
}
