/**
 * What an operation gets, over a socket or from a command line. What each value must be, its row
 * says (commands/core).
 */
export type Input = Readonly<Record<string, unknown>>;
