/** The form of an operation: one name, one input, one result. */
import type { Right } from '../domain/roles.ts';
import type { SecondPersonVerb } from '../domain/second-person.ts';
import type { AdminContext } from './context.ts';
import type { Call } from './call.ts';
import type { Input } from './input.ts';

/** What a value of an input names, where an organisation owns it. */
export type Owned = 'account' | 'address' | 'organisation' | 'webhook';

export interface Operation<I = never, O = unknown> {
  /**
   * True if the registry or the gateway is changed: such a call is logged with the person behind
   * it.
   */
  readonly changes: boolean;
  /** It takes its upload as it comes and keeps nothing of it: an upload of any length is taken. */
  readonly streams?: true;
  /** The right that the caller needs. */
  readonly right: Right;
  /**
   * Fields of its input that say whom or what it was about, for the trail; left out, the names that
   * all operations share.
   */
  readonly names?: readonly string[];
  /** Fields of its input that name what an organisation owns. */
  readonly owned?: Readonly<Record<string, Owned>>;
  /** Checks the input; throws AdminError. */
  readonly read: (input: Input) => I;
  readonly run: (context: AdminContext, input: I, call: Call) => Promise<O>;
  /**
   * Two operators must have signed for exactly this input where the configuration asks for it
   * (second-person.ts). One approval serves one call: work that takes several calls names it on the
   * first alone.
   */
  readonly needsSecond?: SecondPersonVerb;
  /**
   * True for an input that only asks what would be done, or does nothing that needs two: it needs
   * nobody's signature.
   */
  readonly isLook?: (input: I) => boolean;
  /**
   * No other operation undoes it: it is refused without a reason, whoever asks (operations.ts). The
   * command line asks first as well.
   */
  readonly needsReason?: true;
}
