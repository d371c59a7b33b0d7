/**
 * Makes sure that a command and the running gateway understand each other. An upgrade installs new
 * files before the gateway is restarted, so for a while every command talks to a gateway of another
 * version. What one of them then reads in the wrong form must not end in a stack trace or, worse,
 * in a change that meant something else.
 *
 * Each request carries the number of the protocol, and the gateway checks it before it runs
 * anything, so this costs no extra message. Raise the number when an operation changes its input or
 * answer so that the other side cannot use it. Additions need no new number: an unknown operation
 * is refused by name, and an unknown field is ignored. The version and build of the package decide
 * nothing; they are only named in texts.
 *
 * The following must never change, so that any two versions can tell each other apart. A request is
 * an object with `protocol`. An error is `{"error":{"kind":...,"message":...},"protocol":...}`. The
 * name of the operation stands in `call`: gateways from before this protocol look for `operation`,
 * find none, and refuse without having done anything.
 */
import { buildVersion } from '../platform/version.ts';
import { AdminError } from './error.ts';

export const CONTROL_PROTOCOL = 2;

/** The protocol and version of one side. */
export interface Spoken {
  readonly protocol: number;
  readonly version: string;
}

export const ourSpeech = (): Spoken => ({ protocol: CONTROL_PROTOCOL, version: buildVersion() });

/**
 * The error for two sides that do not understand each other. A version is undefined if that side is
 * from before versions were told.
 */
export function notUnderstood(what: string, gateway: string | undefined, command: string | undefined): AdminError {
  return new AdminError(
    'unavailable',
    `Cannot run "${what}": the gateway runs ${named(gateway)}, this command is ${command ?? 'an older version'}; restart the gateway, or use its command`,
  );
}

const named = (version: string | undefined): string =>
  version === undefined ? 'an older version' : `version ${version}`;

/** A version as the other side gave it, if it is fit for one line of text. */
export const versionIn = (value: unknown): string | undefined =>
  typeof value === 'string' && /^[\w.+-]{1,64}$/.test(value) ? value : undefined;
