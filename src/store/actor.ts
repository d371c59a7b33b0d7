/** Who does something, as the audit trail records it. */

/** The person or program behind a change, and why. */
export interface Actor {
  readonly name: string;
  readonly reason?: string;
}

/** What a row of the trail says of whoever did it. */
export const personalOf = ({ name, reason }: Actor): Readonly<Record<string, string>> => ({
  actor: name,
  ...(reason === undefined ? {} : { reason }),
});

/** Who does what nobody asked for: the clock, a signal, the daily rounds. */
export const THE_GATEWAY: Actor = { name: 'gateway' };
