/** One setting of the configuration file, as it is shown to those who may look at it. */

export interface ConfigSetting {
  /** `smtp.max-message`; of sections that stand several times, `listener.NAME.port`. */
  readonly name: string;
  /** `smtp`; empty for what stands above the first section. */
  readonly section: string;
  /** What that section is about. */
  readonly subject: string;
  readonly about: string;
  /** What it may hold, as in "expected ...". */
  readonly expected: string;
  /**
   * As the file writes it. Absent: it is not given, and nothing holds in its place. Of a program,
   * its path alone: its words may hold a secret.
   */
  readonly value?: string;
  /** The default. Absent: the setting has none. */
  readonly initial?: string;
  /** The value is not the default. A setting without a default differs as soon as it is given. */
  readonly differs: boolean;
  /** What the operator must do before a changed value in the file holds. */
  readonly by: 'reload' | 'restart';
}

/** Settings of the file that hold from a reload on. */
export const holdsAfterReload = (name: string): boolean => name === 'log.level' || name.startsWith('connections.');
