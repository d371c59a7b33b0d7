/**
 * What `check` and `doctor` say of operators: who could sign, who gets into the web console, and
 * the account for emergencies on the day it must work.
 *
 * Nobody is named: findings stand in the log and in the trail. Where no console is configured, only
 * the rule of two people is looked at.
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
  /** Address of the web console; undefined: no listener has it. */
  readonly page: string | undefined;
  readonly now: Instant;
}

/** An operator, as far as it matters how he gets in. */
export interface OperatorWays extends Pick<OperatorRecord, 'addedAt' | 'certificate' | 'fingerprint'> {
  /** When each passkey, and each login at the provider, was used last, or else registered. */
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
 * Of those who may do something now, without the account for emergencies: three reads, each bounded
 * by the number of operators.
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

/** Findings about the ways into the console: passkeys, the provider and the break-glass account. */
export function consoleFindings(ways: readonly OperatorWays[], now: Instant): readonly DoctorFinding[] {
  const inside = ways.filter(({ used }) => used.length > 0);
  const idle = inside.filter(({ used }) => used.every((at) => at + CONSOLE_IDLE <= now));
  // A code with which a passkey is registered holds for a day: before that nothing is missing.
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
 * A login in the days after its secrets were made is the one that tries it; a later one was meant,
 * and has opened the envelope.
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
