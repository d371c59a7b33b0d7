/**
 * Why a connection to a server of PostgreSQL was not made or is of no use: one cause of a closed
 * list, in words, with what to do about it.
 */
import { StoreUnavailable } from '../store.ts';

export type ConnectCause =
  /** No server answers there, or not in time. */
  | 'unreachable'
  /** The server answers, and does not serve yet or any more. */
  | 'not-ready'
  /** A standby, or a server that was made read-only: the primary is another one. */
  | 'read-only'
  | 'certificate'
  /** The connection would go over a network without TLS. */
  | 'plain-text'
  | 'authentication'
  | 'database'
  | 'version'
  /** Something between us and the server gives one connection of the server to several of ours. */
  | 'pooler'
  /** The server answered and then did not do what a connection needs. */
  | 'failed';

/** What is wrong, and what to do about it. */
export type ConnectFailure = readonly [reason: ConnectCause, why: string, remedy: string];

/** Causes that do not pass by themselves, so waiting does not help. */
const LASTING: ReadonlySet<ConnectCause> = new Set<ConnectCause>([
  'certificate',
  'plain-text',
  'authentication',
  'database',
  'version',
  'pooler',
]);

export class ConnectProblem extends StoreUnavailable {
  override readonly name = 'ConnectProblem';
  readonly reason: ConnectCause;
  /** `db.example:5432` */
  readonly server: string;
  /** What is wrong, without the server. */
  readonly why: string;
  readonly remedy: string;

  constructor(server: string, [reason, why, remedy]: ConnectFailure, options: ErrorOptions = {}) {
    super(`PostgreSQL at ${server}: ${why}; ${remedy}`, options);
    this.server = server;
    this.reason = reason;
    this.why = why;
    this.remedy = remedy;
  }

  /** True if somebody has to correct something first. */
  get mustBeMended(): boolean {
    return LASTING.has(this.reason);
  }
}

const START = 'start it, or correct "hosts" in [store]';
const SIGNED = 'give its authority in "ca" of [store], or have it sign the server\'s certificate';

/** Codes of Node and of OpenSSL. */
const BY_SYSTEM: Readonly<Record<string, ConnectFailure>> = {
  ECONNREFUSED: ['unreachable', 'nothing listens there', START],
  ENOTFOUND: ['unreachable', 'its name has no address', 'correct the name in "hosts" of [store], or the name server'],
  EAI_AGAIN: ['unreachable', 'no name server answers', 'see to the name server, or write its address in "hosts"'],
  CERT_HAS_EXPIRED: ['certificate', 'its certificate has expired', 'renew the certificate of that server'],
  CERT_NOT_YET_VALID: ['certificate', 'its certificate is not valid yet', 'set the clocks right, or renew it'],
  SELF_SIGNED_CERT_IN_CHAIN: ['certificate', 'an authority signed its certificate that is not trusted', SIGNED],
  DEPTH_ZERO_SELF_SIGNED_CERT: ['certificate', 'its certificate is signed by itself', SIGNED],
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: ['certificate', 'an authority signed its certificate that is not trusted', SIGNED],
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: ['certificate', 'an authority signed its certificate that is not trusted', SIGNED],
  ERR_TLS_CERT_ALTNAME_INVALID: [
    'certificate',
    'its certificate has another name',
    'write the name of its certificate in "hosts" of [store], or give it a certificate with this name',
  ],
};

const SHOWN = 'see "user", "password-file", "certificate" in [store], and pg_hba.conf of the server';

/** SQLSTATEs of a server that refuses. */
const BY_STATE: Readonly<Record<string, ConnectFailure>> = {
  '28P01': ['authentication', 'it does not accept the password', SHOWN],
  '28000': ['authentication', 'it lets nobody in who comes so', SHOWN],
  '3D000': [
    'database',
    'it has no such database',
    'make it with "sluis init --postgres", or correct "database" in [store]',
  ],
  '42501': [
    'authentication',
    'the user has no right to this database',
    'run "sluis init --postgres" with an owner of it',
  ],
  '53300': [
    'not-ready',
    'it has no connection left',
    'raise max_connections of that server; each gateway takes some 18',
  ],
  '57P01': ['not-ready', 'it is being stopped', 'wait, or start it again'],
  '57P02': ['not-ready', 'it is being stopped', 'wait, or start it again'],
  '57P03': ['not-ready', 'it is starting or stopping', 'wait until it is ready'],
  '08P01': [
    'pooler',
    'it does not speak the protocol as a server does',
    'name the server itself in "hosts" of [store], with no pooler in between',
  ],
};

/** Makes the problem from an error of the socket, of TLS, or of the server. */
export function connectProblem(server: string, error: unknown): ConnectProblem {
  if (error instanceof ConnectProblem) return error;
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
  const text = error instanceof Error ? error.message : String(error);
  return new ConnectProblem(server, BY_SYSTEM[code] ?? BY_STATE[code] ?? byText(code, text), { cause: error });
}

/** Errors of `pg` itself have texts only. */
function byText(code: string, text: string): ConnectFailure {
  if (text === 'The server does not support SSL connections')
    return ['certificate', 'it has no TLS', 'set ssl = on and a certificate in postgresql.conf of that server'];
  if (/certificate|tls|ssl/i.test(`${code} ${text}`))
    return ['certificate', `TLS failed (${code || text})`, 'see the certificates of the server and those in [store]'];
  if (/^SASL|password/i.test(text)) return ['authentication', 'the login failed', SHOWN];
  return ['unreachable', `no answer (${code || text})`, START];
}
