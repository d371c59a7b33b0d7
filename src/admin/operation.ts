/** The shape of an operation: one name, one input, one result. */
import type { Right } from '../domain/roles.ts';
import type { SecondPersonVerb } from '../domain/second-person.ts';
import type { AdminContext } from './context.ts';
import type { Call } from './call.ts';
import type { Input } from './input.ts';

/** What an input value names, if an organisation owns that thing. */
export type Owned = 'account' | 'address' | 'organisation' | 'webhook';

export interface Operation<I = never, O = unknown> {
  /**
   * True if it changes the registry or the gateway. Such a call is logged with the person behind
   * it.
   */
  readonly changes: boolean;
  /** It reads its upload piece by piece and keeps none of it, so the upload may have any length. */
  readonly streams?: true;
  /** The right that the caller needs. */
  readonly right: Right;
  /**
   * Input fields that say, for the trail, whom or what it was about. Without them, the usual field
   * names are looked for.
   */
  readonly names?: readonly string[];
  /** Input fields that name things which an organisation owns. */
  readonly owned?: Readonly<Record<string, Owned>>;
  /** Checks the input. Throws AdminError. */
  readonly read: (input: Input) => I;
  readonly run: (context: AdminContext, input: I, call: Call) => Promise<O>;
  /**
   * Two operators must have signed exactly this input, if the configuration asks for that
   * (second-person.ts). One approval serves one call; work of several calls names it in the first
   * call alone.
   */
  readonly needsSecond?: SecondPersonVerb;
  /**
   * True for an input that only asks what would happen, or that does nothing for which two people
   * are needed. It needs no signature.
   */
  readonly isLook?: (input: I) => boolean;
  /**
   * No other operation undoes it. So it is refused without a reason, whoever calls (operations.ts).
   * The command line also asks for confirmation.
   */
  readonly needsReason?: true;
}
