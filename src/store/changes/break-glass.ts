/**
 * The break-glass account of the console: made again, and used. Password and code are judged by the
 * caller (console/login); that a code counts once, and that the secrets are still those that were
 * judged, is judged here, in the transaction that lets somebody in.
 *
 * They throw RegistryError: `ended`: the code was used, other secrets hold, or the session is over;
 * `exists`: an operator of another kind has its name.
 */
import { BREAK_GLASS, BREAK_GLASS_LIFE } from '../../domain/console.ts';
import type { Role } from '../../domain/roles.ts';
import { type Instant, instant } from '../../domain/units.ts';
import type { Actor } from '../actor.ts';
import type { NewSession } from '../console.ts';
import { RegistryError } from '../registry.ts';
import { int, time } from '../sql/columns.ts';
import { locked } from '../sql/parts.ts';
import { type Change, sql } from '../sql/sql.ts';
import { beginSession, endSessionsOf, proveSession } from './console.ts';
import type { ChangeContext } from './change-context.ts';
import { currentOperator, operatorOf } from './operator-row.ts';
import { addOperator } from './operators.ts';

/**
 * The code that was judged: its half minute, and when the secrets that it was judged by were made.
 */
export interface JudgedCode {
  readonly step: number;
  readonly madeAt: Instant;
}

export class BreakGlassChanges {
  /**
   * Replaces the secrets of the break-glass account. Sessions that began with the earlier ones end.
   */
  *make(
    context: ChangeContext,
    { role, sealed }: { readonly role: Role; readonly sealed: Uint8Array },
    actor: Actor,
  ): Change<void> {
    const found = yield* operatorOf(BREAK_GLASS);
    const row = yield* sql.first({
      operator: int,
    })`SELECT operator FROM break_glass WHERE name = ${BREAK_GLASS} ${locked}`;
    if (found !== undefined && row?.operator !== found.id)
      throw new RegistryError(
        'exists',
        `There is an operator "${BREAK_GLASS}" who was registered by hand; end that one first with "sluis operator end ${BREAK_GLASS}"`,
      );
    const operator = found?.id ?? (yield* addOperator(context, { name: BREAK_GLASS, role }, actor));
    yield* sql.run`UPDATE operator SET role = ${role} WHERE id = ${operator}`;
    yield* endSessionsOf(context, operator);
    yield* sql.run`DELETE FROM break_glass WHERE name = ${BREAK_GLASS}`;
    yield* sql.run`
      INSERT INTO break_glass (name, operator, sealed, step, made_at) VALUES (${BREAK_GLASS}, ${operator}, ${sealed}, 0, ${context.at})`;
    yield* context.record('operator.break-glass-made', null, actor, { operator: BREAK_GLASS }, { role });
  }

  *logIn(context: ChangeContext, code: JudgedCode, session: NewSession): Change<void> {
    const operator = yield* take(context, code);
    yield* sql.run`UPDATE break_glass SET tried_at = ${context.at} WHERE name = ${BREAK_GLASS}`;
    yield* context.record('console.break-glass', null, { name: BREAK_GLASS }, { network: session.network });
    const endsAt = instant(context.at + BREAK_GLASS_LIFE);
    yield* beginSession(context, { name: BREAK_GLASS, operator, means: 'break-glass', endsAt }, session);
  }

  /** The holder of the session has typed another code. */
  *prove(context: ChangeContext, session: string, code: JudgedCode): Change<void> {
    const operator = yield* take(context, code);
    yield* proveSession(context, session, { name: BREAK_GLASS, operator, means: 'break-glass' });
  }
}

/** Uses a code; returns whose it is. */
function* take(context: ChangeContext, { step, madeAt }: JudgedCode): Change<number> {
  const row = yield* sql.first({ step: int, madeAt: time })`
    SELECT step, made_at FROM break_glass WHERE name = ${BREAK_GLASS} ${locked}`;
  const { id } = yield* currentOperator(context, BREAK_GLASS);
  if (row?.madeAt !== madeAt || row.step >= step)
    throw new RegistryError('ended', 'That code was used before; wait for the next one');
  yield* sql.run`UPDATE break_glass SET step = ${step} WHERE name = ${BREAK_GLASS}`;
  return id;
}
