/** What a gateway found when it connected to its own listeners, as it is shown. */
import type { Milliseconds } from './units.ts';

export interface ExaminedListener {
  readonly name: string;
  readonly protocol: string;
  /** The name that clients know it by. */
  readonly host: string;
  /** 0: the system chooses it, and no gateway that runs tells it. */
  readonly port: number;
  /** `implicit` or `starttls`. */
  readonly tls: string;
  readonly profile: string;
  /** Last day of a legacy profile. */
  readonly until?: string;
  /**
   * Absent: it could not be examined, and `problem` says why; in no more words, since what an error
   * says names addresses inside.
   */
  readonly judged?: {
    readonly passed: boolean;
    /** By the NCSC-NL guidelines: good, sufficient, phase out, insufficient. */
    readonly worst: string;
    readonly findings: readonly { readonly about: string; readonly what: string; readonly grade: string }[];
    /** What the OpenSSL of this machine cannot ask for. */
    readonly unprobed: readonly string[];
  };
  readonly problem?: 'ended' | 'no gateway' | 'no answer';
}

export interface Examined {
  readonly listeners: readonly ExaminedListener[];
  /** How old the last good drill of a restore may be. */
  readonly drillWithin: Milliseconds;
}
