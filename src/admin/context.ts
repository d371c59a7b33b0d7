/** What the operations work with, and how they end when they do not succeed. */
import type { NoticeWriter } from '../notices/notice-writer.ts';
import type { DeliveryNoticeWriter } from '../notices/delivery-notices.ts';
import type { Backups } from '../backup/backups.ts';
import type { CaParts } from '../ca/parts.ts';
import type { ClusterState } from '../cluster/cluster.ts';
import type { Sites } from '../cluster/sites.ts';
import type { EvidenceKey } from '../crypto/trail/evidence-keys.ts';
import type { PartnerSeals } from '../crypto/keys/partner-secrets.ts';
import type { GatewayCertificates } from '../crypto/certificates/gateway-certificates.ts';
import type { WebhookSeals } from '../crypto/keys/webhook-secrets.ts';
import type { WebhookLine } from '../webhooks/line.ts';
import type { MailKeySeals } from '../crypto/keys/mail-key-seals.ts';
import type { CourierProbe } from '../push/courier.ts';
import type { Address } from '../domain/address.ts';
import type { ProbeCause } from '../domain/availability.ts';
import type { ConfigSetting } from '../domain/config-setting.ts';
import type { AccountId } from '../domain/ids.ts';
import type { CsvProblem } from '../domain/csv-problem.ts';
import type { LetterParts } from '../ca/enrol/letters.ts';
import type { Clock, RandomBytes } from '../domain/effects.ts';
import type { Escrow } from '../domain/escrow.ts';
import type { Examined } from '../domain/examined.ts';
import type { Figure } from '../domain/monitor.ts';
import type { ChosenVerb } from '../domain/second-person.ts';
import type { Right, Standing } from '../domain/roles.ts';
import type { Instant, Milliseconds } from '../domain/units.ts';
import type { Pgp } from '../crypto/pgp/pgp.ts';
import type { PgpSeals } from '../crypto/keys/pgp-seals.ts';
import type { MailKeys } from '../protection/mail-keys.ts';
import type { PgpKeyring } from '../protection/pgp-keyring.ts';
import type { OpenSession } from '../platform/connections.ts';
import type { Whose } from '../platform/tally.ts';
import type { Actor } from '../store/actor.ts';
import type { BreakGlassSeals } from '../crypto/passwords/break-glass.ts';
import type { SessionTimes } from '../store/console.ts';
import type { StuckMessage } from '../domain/stuck.ts';
import type { Store } from '../store/port/store.ts';
import type { NewPassword } from '../store/registry.ts';
import type { ImportScan } from '../takeover/intake.ts';
import type { AuditKeep } from '../trail/retention.ts';

/**
 * Why an operation was not done; the text of the error names action, value, expectation and remedy.
 *
 * `invalid`: a value is not what it must be. `unknown`: what it is about does not exist. `exists`, `ended`: it is there already, or no longer.
 * `approval`: a second person must approve first. `forbidden`: somebody else may do it, and the caller may not, or is not known. `conflict`: what is there stands in the way: it is suspended, in use, or not done yet. `unavailable`: no gateway runs, or not now, or the machine or
 * another server refuses. `unusable`: a key or a certificate cannot be used, or something is not as it was written. `store`: the store has failed, or is full.
 * `failed`: what nobody expected.
 */
export type AdminErrorKind =
  | 'invalid'
  | 'unknown'
  | 'exists'
  | 'ended'
  | 'conflict'
  | 'unavailable'
  | 'approval'
  | 'forbidden'
  | 'unusable'
  | 'store'
  | 'failed';

export class AdminError extends Error {
  override readonly name = 'AdminError';
  readonly kind: AdminErrorKind;
  /** The request that waits for signatures; with `approval` alone. */
  readonly request?: string;
  /** Every line of a file that cannot be used; the message has the first of them. */
  readonly lines?: readonly CsvProblem[];
  constructor(
    kind: AdminErrorKind,
    message: string,
    options: ErrorOptions & { readonly request?: string; readonly lines?: readonly CsvProblem[] } = {},
  ) {
    super(message, options);
    this.kind = kind;
    if (options.request !== undefined) this.request = options.request;
    if (options.lines !== undefined) this.lines = options.lines;
  }
}

/** The running gateway, as far as an operator may steer it. */
export interface RunningGateway {
  status(): GatewayStatus;
  probes(): Promise<readonly ProbeStatus[]>;
  /** How this gateway stands with those that it shares its store with; undefined: with nobody, or without a channel between them. */
  channel(): ClusterState | undefined;
  /** Of /metrics, by name. */
  figures(names: ReadonlySet<string>): Promise<readonly Figure[]>;
  /** Reads configuration, keys and certificates again; everything stays as it was when one of them cannot be used. */
  reload(actor: Actor): Promise<ReloadReport>;
  /**
   * Keeps new sessions away, as far as load balancers go by /ready or other units share the ports, or ends that. Until the process ends. Rejects with
   * ListenerRefused where a port cannot be opened again.
   */
  drain(wanted: boolean, actor: Actor): Promise<DrainReport>;
  /** Signs the head of the audit trail now. */
  anchor(): Promise<void>;
  /** Open now. */
  sessions(): readonly OpenSession[];
  /** Makes every TLS ticket void that was given out so far. */
  voidTickets(): void;
  /**
   * Refusals of log-ins, codes and mail are counted for a minute, log-ins of a program that polls for an hour. From now on they stand in the trail, and not
   * only at the end of that time: of `whose` all of them; without it those of the minute, of everybody. Those of the hour would be a row for each
   * account that polls, at each look.
   */
  writeCounted(whose?: Whose): void;
  /** A webhook was added, changed or ended: it is told of events, or not any more, from the next second on. */
  webhooksChanged(): void;
  /** The sessions of the account that were counted in memory stand in the store when it resolves. */
  writeClientNetworks(account: AccountId): Promise<void>;
  /** Messages at which the sessions of a mail program end again and again, as far as was seen since the start. */
  stuck(): readonly StuckMessage[];
}

export interface DrainReport {
  /** The other units on its ports take what comes. */
  readonly portsClosed?: boolean;
  /** False: it was so already. */
  readonly changed: boolean;
  /** ISO 8601. Absent: new sessions are sent here. */
  readonly since?: string;
}

/** What of a configuration that was read again differs, by the names of settings. */
export interface ReloadReport {
  /** Holds now. */
  readonly applied: readonly string[];
  /** Waits for a restart. */
  readonly restart: readonly string[];
}

export interface ListenerStatus {
  readonly name: string;
  readonly protocol: string;
  readonly address: string;
  readonly port: number;
  readonly tls: string;
  readonly profile: string;
  /** Last day of a legacy profile. */
  readonly until?: string;
  /** After that day. */
  readonly closed: boolean;
}

/** Why no mail would be taken now; `name` as /ready has it. */
export interface ReadyReason {
  readonly name: string;
  readonly text: string;
}

export interface GatewayStatus {
  /** With the build (platform/version.ts). Not told by gateways of before there was a build. */
  readonly version?: string;
  /** Empty: ready. */
  readonly reasons: readonly ReadyReason[];
  readonly hostname: string;
  readonly process: number;
  /** ISO 8601. */
  readonly since: string;
  readonly listeners: readonly ListenerStatus[];
  readonly connections: number;
  readonly free: number;
  readonly waiting: number;
  /** That something is pushed to now, or that do not answer; `why` is empty where all is well. */
  readonly partners: readonly {
    readonly name: string;
    readonly breaker: 'closed' | 'open' | 'half-open';
    readonly active: number;
    readonly why: string;
  }[];
}

/** The account that measures availability, and where. */
export interface ProbeAccount {
  readonly address: Address;
  readonly sites: readonly { readonly site: string; readonly host: string }[];
  password(): Promise<string>;
  newPassword(): Promise<NewPassword>;
}

/** What the probe of a site saw of late. */
export interface ProbeStatus {
  readonly site: string;
  readonly host: string;
  /** When a visit last went well. ISO 8601; absent: none did since the start. */
  readonly good?: string;
  /** In a row. */
  readonly failures: number;
  readonly cause?: ProbeCause;
  readonly why?: string;
  /** Of this month, 0 to 1. */
  readonly ratio?: number;
}

/** What operations on partners work with. */
export interface PartnerParts {
  readonly seals: PartnerSeals;
  readonly probe: CourierProbe;
  /** The gateway's own name. */
  readonly hostname: string;
  /** There is a key by which every message could be signed (DKIM). Throws Unusable. */
  readonly signs: () => boolean;
}

/** What operations on webhooks work with. */
export interface WebhookParts {
  readonly seals: WebhookSeals;
  readonly line: (url: string) => Pick<WebhookLine, 'post' | 'close'>;
  readonly random: RandomBytes;
}

/** What operations on the web console work with. */
export interface ConsoleParts {
  /** Its address, with a slash behind it; absent where no listener has it. */
  readonly page?: string;
  /** How long its sessions hold. */
  readonly times: SessionTimes;
  readonly random: RandomBytes;
  /** Makes the secrets of the account for emergencies. */
  readonly breakGlass: Pick<BreakGlassSeals, 'make'>;
}

/** What operations on mail certificates work with. */
export interface MailParts {
  readonly keys: MailKeys;
  readonly seals: MailKeySeals;
  readonly pgp: PgpParts;
}

/** What operations on OpenPGP keys and messages work with. */
export interface PgpParts {
  readonly thread: Pgp;
  readonly seals: PgpSeals;
  readonly keys: PgpKeyring;
}

/** What operations that sign something work with. */
export interface EvidenceParts {
  /** Made at its first use; throws where it cannot be opened. */
  readonly key: (now: Instant) => Promise<EvidenceKey>;
  readonly anchorFolder: string;
  /** Public key of the anchors, PEM; may not be there yet. */
  readonly anchorKeyFile: string;
}

/** What operations on the master key work with. */
export interface KeyParts {
  /** Of the master key that the store is opened with. */
  readonly fingerprint: () => Promise<string>;
  readonly escrow: () => Escrow | undefined;
  readonly keepEscrow: (escrow: Escrow) => void;
}

/** The configuration file, as operations may look at it. */
export interface ConfigurationParts {
  /** Absolute path. */
  readonly file: string;
  /** As they hold now: in a gateway that serves, not what the file has come to say since. */
  readonly settings: () => Promise<readonly ConfigSetting[]>;
  /** What the listeners offer now, asked over connections of its own. `ports`: by name, of those whose port the system chose. */
  readonly examined: (ports: ReadonlyMap<string, number>) => Promise<Examined>;
}

export interface AdminContext {
  readonly store: Store;
  readonly configuration: ConfigurationParts;
  /** Absent: an engine on one machine. */
  readonly sites?: Sites;
  readonly clock: Clock;
  /** Hashes a new password; answers why not for one that no account may have. */
  readonly hashPassword: (text: string) => Promise<string>;
  /** Looks for malware in a message of another server before it is filed; absent where nothing is scanned. */
  readonly scanImported?: ImportScan;
  /** The gateway's own certificate authority. */
  readonly ca: CaParts;
  /** Certificates that are no account's: of listeners, authorities, evidence and partners. */
  readonly certificates: () => Promise<GatewayCertificates>;
  readonly partners: PartnerParts;
  readonly probe: ProbeAccount;
  readonly webhooks: WebhookParts;
  readonly console: ConsoleParts;
  readonly mail: MailParts;
  /** The master key's state. */
  readonly keys: KeyParts;
  /** Verbs for which one person is not enough. */
  readonly secondPerson: readonly ChosenVerb[];
  readonly backups: Backups;
  /** What signs evidence, and where anchors lie. */
  readonly evidence: EvidenceParts;
  /** How long each log of the audit trail says who and from where. */
  readonly auditKeep: AuditKeep;
  /** Longest absence that an address may have. */
  readonly longestAbsence: Milliseconds;
  /** Writes notices of settlements. */
  readonly notices: DeliveryNoticeWriter;
  /** Writes what the gateway says by mail. */
  readonly noticeWriter: NoticeWriter;
  /** What letters with one-time codes say of this gateway. */
  readonly letters: LetterParts;
  /** Absent when the command line opened the store itself, because nobody serves. */
  readonly gateway?: RunningGateway;
}

/** The name of a caller that gave none: it may look, and change nothing. */
export const NOBODY = 'unknown';

/** Who calls, and with whose approval. */
export interface Caller extends Actor {
  /** Id of a request that two operators have signed. */
  readonly approval?: string;
  /** Of an operator: then the name is proven. */
  readonly token?: string;
}

/** What goes along with a call, for whoever calls. */
export interface CallOptions {
  readonly progress?: (done: number, total: number, phase?: string) => void;
  /** Text to send after the request, such as a CSV file; in pieces where it is large. */
  readonly upload?: string | AsyncIterable<string>;
  /** Takes the octets of a file that the operation gives out, latin-1. */
  readonly receive?: (piece: string) => void;
}

/** What an operation asks of whoever calls it. */
export interface OperationRight {
  readonly operation: string;
  readonly right: Right;
}

/** One call of one operation. */
export interface Call {
  readonly actor: Actor;
  /** What the caller may do. Required: nobody becomes the owner by being forgotten. */
  readonly who: Standing;
  readonly approval?: string;
  /** How it is known who asked for it on the telephone; of a page for helpdesks. Stands in the trail. */
  readonly caller?: string;
  /** What every operation asks for; runOperation says it. */
  readonly rights?: readonly OperationRight[];
  /** Aborted when the caller has gone: long work stops where it may, and nobody is told any more. Absent where the caller cannot go without us. */
  readonly gone?: AbortSignal;
  /** Told now and then by operations that take long. `phase`: what is done now, as in "Hashing", where there are several. */
  readonly progress: (done: number, total: number, phase?: string) => void;
  /** Text that came after the request, such as a CSV file, in pieces; absent when none came. */
  readonly upload?: AsyncIterable<string>;
  /** Hands over octets of a file before the answer, as latin-1 text, in pieces of at most 64 KB; resolves when the caller takes more. Absent where nobody takes a file. */
  readonly send?: (piece: string) => Promise<void>;
}

/** Throws AdminError where none runs. */
export function runningGateway(gateway: RunningGateway | undefined, action: string): RunningGateway {
  if (gateway === undefined)
    throw new AdminError(
      'unavailable',
      `Cannot ${action}: no gateway is running on this data folder; start it with "sluis serve"`,
    );
  return gateway;
}
