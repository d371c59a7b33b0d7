/**
 * Compares the lines of a file of accounts with the registry: which accounts exist already, and
 * which cannot be added.
 */
import { addressKey } from '../domain/address.ts';
import type { CsvProblem } from '../domain/csv-problem.ts';
import type { Organisation } from '../domain/registry.ts';
import type { Registry } from '../store/port/registry.ts';
import type { NewOrganisation } from '../store/registry.ts';
import { quoted } from './csv-table.ts';
import type { ImportLine } from './import-lines.ts';

/** Lines that are looked up at the same time. */
const AT_ONCE = 64;

export interface CompareOptions {
  readonly registry: Pick<Registry, 'findLogin' | 'findRecipient' | 'findOrganisation'>;
  /** Called after each group of lines. */
  readonly progress?: (phase: 'check', done: number, total: number) => void;
  /**
   * An organisation that is registered together with the accounts, which will belong to it: all or
   * nothing.
   */
  readonly organisation?: NewOrganisation;
  /** Aborted to end the comparison before its next group. */
  readonly signal?: AbortSignal;
}

/** Compares all lines. `already`: number of lines whose account exists exactly as in the file. */
export async function compareWithRegistry(
  lines: readonly ImportLine[],
  options: CompareOptions,
): Promise<{ readonly problems: readonly CsvProblem[]; readonly already: number }> {
  const { registry, progress, signal } = options;
  const added = options.organisation?.name;
  /** For each organisation by name, why it can have no new account; undefined if it can. */
  const organisations = new Map<string, string | undefined>();
  for (const { organisation } of lines)
    if (!organisations.has(organisation))
      organisations.set(
        organisation,
        organisation === added
          ? undefined
          : organisationProblem(organisation, await registry.findOrganisation(organisation)),
      );
  const problems: CsvProblem[] = [];
  if (added !== undefined && (await registry.findOrganisation(added)) !== undefined)
    problems.push({
      line: 1,
      text: `there is an organisation ${quoted(added)} already; expected a new name, or its accounts without a new organisation`,
    });
  let already = 0;
  for (let at = 0; at < lines.length && signal?.aborted !== true; at += AT_ONCE) {
    const found = await Promise.all(
      lines.slice(at, at + AT_ONCE).map((line) => compareLine(line, organisations, registry)),
    );
    problems.push(...found.flatMap((line) => line.problems));
    already += found.filter((line) => line.already).length;
    progress?.('check', Math.min(lines.length, at + AT_ONCE), lines.length);
    // The store may answer from its cache at once; this pause lets other work have its turn.
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  return { problems, already };
}

/** Why an organisation can have no new account: it is unknown, has ended or is ending. */
function organisationProblem(name: string, found: Organisation | undefined): string | undefined {
  if (found === undefined)
    return `there is no organisation ${quoted(name)}; expected a registered one, add it with "sluis organisation add"`;
  if (found.mergedInto !== undefined)
    return `the organisation ${quoted(name)} becomes part of ${quoted(found.mergedInto.name)}; expected that one`;
  if (found.state === 'ended') return `the organisation ${quoted(name)} has ended; expected another one`;
  if (found.endsAt !== undefined)
    return `the organisation ${quoted(name)} is ending; expected another one, or take that back with "sluis organisation resume"`;
  return undefined;
}

async function compareLine(
  { line, login, addresses, organisation }: ImportLine,
  organisations: ReadonlyMap<string, string | undefined>,
  registry: CompareOptions['registry'],
): Promise<{ readonly problems: readonly CsvProblem[]; readonly already: boolean }> {
  const problems: CsvProblem[] = [];
  let owned = 0;
  const barred = organisations.get(organisation);
  if (barred !== undefined) problems.push({ line, column: 'organisation', text: barred });
  const known = await registry.findLogin(login);
  if (known !== undefined)
    problems.push({
      line,
      column: 'login',
      text: `an account ${quoted(login)} exists already; expected a new login name`,
    });
  for (const address of addresses) {
    const owner = await registry.findRecipient(addressKey(address));
    if (owner === undefined) continue;
    if (owner.account.login === login && owner.address.state !== 'ended') owned += 1;
    const text =
      owner.address.state === 'ended'
        ? `the address ${quoted(address)} has ended and is never given out again; expected another address`
        : `the address ${quoted(address)} belongs to account ${quoted(owner.account.login)}; expected an address that is free`;
    problems.push({ line, column: 'address', text });
  }
  const already = known?.organisation.name === organisation && owned === addresses.length;
  return { problems, already };
}
