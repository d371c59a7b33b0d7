/**
 * The input of an operation, as it comes over a socket or from a command line. The operation's row
 * says what each value must be (commands/core).
 */
export type Input = Readonly<Record<string, unknown>>;
