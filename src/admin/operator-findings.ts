/**
 * What `check` and `doctor` say about operators: who could sign, who can log in to the web console,
 * and whether the account for emergencies will work when it must.
 *
 * Findings name nobody, because they go into the log and the trail. Without a console, only the
 * rule of two people is checked.
 */
import { BREAK_GLASS, BREAK_GLASS_AGE, BREAK_GLASS_TRIAL, CONSOLE_CODE_LIFE, CONSOLE_IDLE } from '../domain/console.ts';
import { agree, many } from '../domain/counted.ts';
import type { DoctorFinding } from '../domain/doctor.ts';
import type { ChosenVerb } from '../domain/second-person.ts';
import type { Instant } from '../domain/units.ts';
import type { BreakGlassRecord } from '../store/console.ts';
import type { OperatorRecord } from '../store/operators.ts';
import type { Store } from '../store/port/store.ts';
import { couldSign } from './approvers.ts';

export interface OperatorFindingParts {
  readonly store: Store;
  readonly secondPerson: readonly ChosenVerb[];
  /** Address of the web console; undefined if no listener serves it. */
  readonly page: string | undefined;
  readonly now: Instant;
}

/** What matters about an operator for his ways to log in. */
export interface OperatorWays extends Pick<OperatorRecord, 'addedAt' | 'certificate' | 'fingerprint'> {
  /** For each passkey and each login at the provider: when it was last used, or else registered. */
  readonly used: readonly Instant[];
}

const warning = (id: string, what: string): DoctorFinding => ({ id, severity: 'warning', what });

export async function operatorFindings(parts: OperatorFindingParts): Promise<readonly DoctorFinding[]> {
  const { store, secondPerson, page, now } = parts;
  const tooFew = secondPerson.length > 0 && (await couldSign({ store }, 'read')).size < 2 ? [TOO_FEW] : [];
  if (page === undefined) return [...tooFew, ...breakGlassFindings(await store.breakGlass.record(), now)];
  const [ways, record] = await Promise.all([waysOf(parts), store.breakGlass.record()]);
  return [
    ...tooFew,
    ...consoleFindings(ways, now),
    ...(record === undefined ? [NO_BREAK_GLASS] : breakGlassFindings(record, now)),
  ];
}

const TOO_FEW = warning(
  'operators',
  'verbs need a second person, and fewer than two operators are registered: "sluis operator add"',
);
const NO_BREAK_GLASS = warning(
  'break-glass',
  'there is no break-glass account: nobody gets into the console on the day on which neither passkeys nor the provider work; make it with "sluis operator break-glass make", and seal what it prints',
);

/**
 * The operators who may do something now, without the account for emergencies. It takes three
 * reads, each limited by the number of operators.
 */
async function waysOf({ store, now }: OperatorFindingParts): Promise<readonly OperatorWays[]> {
  const [operators, passkeys, identities] = await Promise.all([
    store.operators.list(),
    store.console.passkeys(),
    store.identities.list(),
  ]);
  const used = new Map<string, Instant[]>();
  for (const { operator, lastUsedAt, addedAt } of [...passkeys, ...identities].filter(
    ({ endedAt }) => endedAt === undefined,
  ))
    used.set(operator, [...(used.get(operator) ?? []), lastUsedAt ?? addedAt]);
  return operators
    .filter(({ name, endsAt }) => name !== BREAK_GLASS && (endsAt === undefined || endsAt > now))
    .map((one) => ({ ...one, used: used.get(one.name) ?? [] }));
}

/** Findings about the ways into the console: passkeys and logins at the provider. */
export function consoleFindings(ways: readonly OperatorWays[], now: Instant): readonly DoctorFinding[] {
  const inside = ways.filter(({ used }) => used.length > 0);
  const idle = inside.filter(({ used }) => used.every((at) => at + CONSOLE_IDLE <= now));
  // A code that registers a passkey is valid for a day. Until then an operator without a passkey is
  // no problem.
  const nothing = ways.filter(
    ({ used, certificate, fingerprint, addedAt }) =>
      used.length === 0 && certificate === undefined && fingerprint === undefined && addedAt + CONSOLE_CODE_LIFE <= now,
  );
  return [
    ...(inside.length === 0 ? [NOBODY] : inside.length === 1 ? [ONE] : []),
    ...(nothing.length === 0 ? [] : [unprovenFinding(nothing.length)]),
    ...(idle.length === 0 ? [] : [idleFinding(idle.length)]),
  ];
}

const NOBODY = warning(
  'operators.log-in',
  'nobody can log in to the console: no operator has a passkey, nor came by a provider; "sluis operator add NAME --role owner --console" makes the first a code, "sluis operator passkey add NAME" whoever is registered',
);
const ONE = warning(
  'operators.log-in',
  'one operator alone can log in to the console: without him nobody gets in, and nobody approves what he asks; "sluis operator add NAME --console" for a second',
);
const unprovenFinding = (count: number): DoctorFinding =>
  warning(
    'operators.factor',
    `${many(count, 'operator')} ${agree(count, 'has', 'have')} neither passkey, login at a provider, certificate nor key, so that nothing proves who it is: "sluis operator list" and "sluis operator passkey list" show whose; give a passkey with "sluis operator passkey add NAME", or "sluis operator end NAME"`,
  );
const idleFinding = (count: number): DoctorFinding =>
  warning(
    'operators.idle',
    `${many(count, 'operator')} ${agree(count, 'has', 'have')} not logged in to the console for more than ${CONSOLE_IDLE / DAY} days: "sluis operator passkey list" and "sluis operator identity list" show whose; whoever left: "sluis operator end NAME"`,
  );
const DAY = 24 * 60 * 60 * 1000;

/**
 * A login within the first days after the secrets were made is a trial. A later one was a real use,
 * so the envelope has been opened.
 */
export function breakGlassFindings(record: BreakGlassRecord | undefined, now: Instant): readonly DoctorFinding[] {
  if (record === undefined) return [];
  const { madeAt, triedAt } = record;
  const what =
    triedAt !== undefined && triedAt > madeAt + BREAK_GLASS_TRIAL
      ? 'the break-glass account was used, so its envelope is open: make new secrets with "sluis operator break-glass make", try them within a week, and seal them'
      : madeAt + BREAK_GLASS_AGE <= now
        ? 'the secrets of the break-glass account are more than a year old: make new ones with "sluis operator break-glass make"'
        : triedAt === undefined
          ? 'nobody has tried the break-glass account since its secrets were made: log in with it once, so that it works on the day it must'
          : undefined;
  return what === undefined ? [] : [warning('break-glass', what)];
}
