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

/** The account that measures availability, and where. */
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
  /** Its address, with a slash at the end; absent if no listener has it. */
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
  /** Fingerprint of the master key that the store is opened with. */
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
  /**
   * What the listeners offer now, asked over connections of its own. `ports`: by name, of those
   * whose port the system chose.
   */
  readonly examined: (ports: ReadonlyMap<string, number>) => Promise<Examined>;
}

export interface AdminContext {
  readonly store: Store;
  readonly configuration: ConfigurationParts;
  /** Absent: the store has no sites. */
  readonly sites?: Sites;
  readonly clock: Clock;
  /** Hashes a new password; answers why not for one that no account may have. */
  readonly hashPassword: (text: string) => Promise<string>;
  /**
   * Looks for malware in a message of another server before it is filed; absent if nothing is
   * scanned.
   */
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
