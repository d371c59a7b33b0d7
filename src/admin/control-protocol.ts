/**
 * Whether a command and the running gateway understand each other. An upgrade moves the link before
 * the gateway is restarted, so for a while every command speaks to a gateway of another version;
 * what it then reads in the wrong form must not end in a stack trace, or worse, in a change that
 * meant something else.
 *
 * Each request carries the number; the gateway judges it before it runs anything, so equal numbers
 * cost no turn of their own. Add one to it when an operation reads its input or forms its answer so
 * that the other end cannot do with it. Not for what is only added: a new operation is refused by
 * its name, a new field is not read. Version and build of the package say nothing here: they are
 * only named.
 *
 * For all time, so that any two can tell each other: a request is an object with `protocol`, an
 * error is `{"error":{"kind":...,"message":...},"protocol":...}`. The operation is named in `call`:
 * gateways from before the number look for `operation`, find none, and refuse without having done
 * anything.
 */
import { buildVersion } from '../platform/version.ts';
import { AdminError } from './error.ts';

export const CONTROL_PROTOCOL = 2;

/** What one end speaks. */
export interface Spoken {
  readonly protocol: number;
  readonly version: string;
}

export const ourSpeech = (): Spoken => ({ protocol: CONTROL_PROTOCOL, version: buildVersion() });

/** `undefined`: it is from before versions were told. */
export function notUnderstood(what: string, gateway: string | undefined, command: string | undefined): AdminError {
  return new AdminError(
    'unavailable',
    `Cannot run "${what}": the gateway runs ${named(gateway)}, this command is ${command ?? 'an older version'}; restart the gateway, or use its command`,
  );
}

const named = (version: string | undefined): string =>
  version === undefined ? 'an older version' : `version ${version}`;

/** A version as a peer gave it, fit for one line of text. */
export const versionIn = (value: unknown): string | undefined =>
  typeof value === 'string' && /^[\w.+-]{1,64}$/.test(value) ? value : undefined;
