/** The parts that operations work with. */
import type { NoticeWriter } from '../notices/notice-writer.ts';
import type { DeliveryNoticeWriter } from '../notices/delivery-notices.ts';
import type { Backups } from '../backup/backups.ts';
import type { CaParts } from '../ca/parts.ts';
import type { Sites } from '../cluster/sites.ts';
import type { EvidenceKey } from '../crypto/trail/evidence-keys.ts';
import type { PartnerSeals } from '../crypto/keys/partner-secrets.ts';
import type { GatewayCertificates } from '../crypto/certificates/gateway-certificates.ts';
import type { WebhookSeals } from '../crypto/keys/webhook-secrets.ts';
import type { WebhookLine } from '../webhooks/line.ts';
import type { MailKeySeals } from '../crypto/keys/mail-key-seals.ts';
import type { CourierProbe } from '../push/courier.ts';
import type { Address } from '../domain/address.ts';
import type { ConfigSetting } from '../domain/config-setting.ts';
import type { LetterParts } from '../ca/enrol/letters.ts';
import type { Clock, RandomBytes } from '../domain/effects.ts';
import type { Escrow } from '../domain/escrow.ts';
import type { Examined } from '../domain/examined.ts';
import type { ChosenVerb } from '../domain/second-person.ts';
import type { Instant, Milliseconds } from '../domain/units.ts';
import type { Pgp } from '../crypto/pgp/pgp.ts';
import type { PgpSeals } from '../crypto/keys/pgp-seals.ts';
import type { MailKeys } from '../protection/mail-keys.ts';
import type { PgpKeyring } from '../protection/pgp-keyring.ts';
import type { BreakGlassSeals } from '../crypto/passwords/break-glass.ts';
import type { SessionTimes } from '../store/console.ts';
import type { Store } from '../store/port/store.ts';
import type { NewPassword } from '../store/registry.ts';
import type { ImportScan } from '../takeover/intake.ts';
import type { AuditKeep } from '../trail/retention.ts';
import type { RunningGateway } from './running-gateway.ts';

/** The account that measures availability, and the sites where it does so. */
export interface ProbeAccount {
  readonly address: Address;
  readonly sites: readonly { readonly site: string; readonly host: string }[];
  password(): Promise<string>;
  newPassword(): Promise<NewPassword>;
}

/** What operations on partners work with. */
export interface PartnerParts {
  readonly seals: PartnerSeals;
  readonly probe: CourierProbe;
  /** The gateway's own name. */
  readonly hostname: string;
  /** True if there is a key with which every message could be signed (DKIM). Throws Unusable. */
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
  /** Address of the console, with a slash at the end; absent if no listener serves it. */
  readonly page?: string;
  /** How long sessions of the console last. */
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
  /** The key that signs. It is made when it is first needed. Throws if it cannot be opened. */
  readonly key: (now: Instant) => Promise<EvidenceKey>;
  readonly anchorFolder: string;
  /** File with the public key of the anchors, in PEM. It may not exist yet. */
  readonly anchorKeyFile: string;
}

/** What operations on the master key work with. */
export interface KeyParts {
  /** Fingerprint of the master key with which the store is opened. */
  readonly fingerprint: () => Promise<string>;
  readonly escrow: () => Escrow | undefined;
  readonly keepEscrow: (escrow: Escrow) => void;
}

/** What operations may see of the configuration file. */
export interface ConfigurationParts {
  /** Its absolute path. */
  readonly file: string;
  /**
   * The settings that hold now. In a running gateway these may differ from what the file says by
   * now.
   */
  readonly settings: () => Promise<readonly ConfigSetting[]>;
  /**
   * What the listeners offer now, asked over new connections. `ports`: the ports, by the names of
   * the listeners, that the system chose.
   */
  readonly examined: (ports: ReadonlyMap<string, number>) => Promise<Examined>;
}

export interface AdminContext {
  readonly store: Store;
  readonly configuration: ConfigurationParts;
  /** Absent if the store has no sites. */
  readonly sites?: Sites;
  readonly clock: Clock;
  /** Hashes a new password. Rejects with the reason if no account may have it. */
  readonly hashPassword: (text: string) => Promise<string>;
  /**
   * Scans a message of another server for malware before it is filed. Absent if nothing is scanned.
   */
  readonly scanImported?: ImportScan;
  /** The gateway's own certificate authority. */
  readonly ca: CaParts;
  /**
   * Certificates that belong to no account: those of listeners, authorities, evidence and partners.
   */
  readonly certificates: () => Promise<GatewayCertificates>;
  readonly partners: PartnerParts;
  readonly probe: ProbeAccount;
  readonly webhooks: WebhookParts;
  readonly console: ConsoleParts;
  readonly mail: MailParts;
  /** The state of the master key. */
  readonly keys: KeyParts;
  /** Operations for which one person is not enough. */
  readonly secondPerson: readonly ChosenVerb[];
  readonly backups: Backups;
  /** The key that signs evidence, and where the anchors are. */
  readonly evidence: EvidenceParts;
  /** How long each log of the trail keeps its personal fields. */
  readonly auditKeep: AuditKeep;
  /** The longest absence that an address may have. */
  readonly longestAbsence: Milliseconds;
  /** Writes the notices that tell how a delivery ended. */
  readonly notices: DeliveryNoticeWriter;
  /** Writes all other mail of the gateway. */
  readonly noticeWriter: NoticeWriter;
  /** What letters with one-time codes say about this gateway. */
  readonly letters: LetterParts;
  /**
   * The running gateway. Absent if the command line opened the store itself because no gateway
   * runs.
   */
  readonly gateway?: RunningGateway;
}
