/**
 * What a monitor is told of a running gateway in one line: which figures it looks at, and from
 * where on each is a warning or worse. The limits are those of docs/alerts.yml (a test holds them
 * to it): what wakes somebody there is critical, what waits for working hours is a warning.
 */

export interface Figure {
  /** Name as at /metrics. */
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Null: endless, as the age of what there never was. */
  readonly value: number | null;
}

/**
 * As Nagios and what speaks its language have it (Monitoring Plugins Development Guidelines,
 * "Plugin Return Codes").
 */
export const LEVELS = ['OK', 'WARNING', 'CRITICAL', 'UNKNOWN'] as const;
export type Level = (typeof LEVELS)[number];

export interface Limit {
  /** In docs/alerts.yml. */
  readonly alert: string;
  readonly figure: string;
  /** Of those with one of these values. */
  readonly only?: readonly [label: string, values: readonly string[]];
  readonly level: 'WARNING' | 'CRITICAL';
  /** Beyond it; a name: beyond what that figure is. */
  readonly below?: number;
  readonly above?: number | string;
  readonly say: (value: number | null, labels: Figure['labels']) => string;
}

const HOUR = 3600;
const DAY = 24 * HOUR;

const age = (seconds: number | null): string => {
  if (seconds === null) return 'endless';
  return seconds >= 2 * DAY ? `${Math.floor(seconds / DAY)} days` : `${Math.floor(seconds / HOUR)} hours`;
};
const since = (seconds: number | null, what: string): string =>
  seconds === null ? `there is no ${what}` : `the newest ${what} is ${age(seconds)} old`;
const days = (left: number | null): string => `${Math.floor(left ?? 0)} days`;
const named = ({ kind = '', name = '' }: Figure['labels']): string => `${kind.replaceAll('-', ' ')} ${name}`.trim();

/** `above` may be the name of a figure: beyond what that is. */
type Beyond = Pick<Limit, 'below' | 'above' | 'only'>;
const warning = (alert: string, figure: string, beyond: Beyond, say: Limit['say']): Limit => ({
  alert,
  figure,
  level: 'WARNING',
  ...beyond,
  say,
});
const critical = (alert: string, figure: string, beyond: Beyond, say: Limit['say']): Limit => ({
  ...warning(alert, figure, beyond, say),
  level: 'CRITICAL',
});

const CERTIFICATE = 'sluis_certificate_days_left';
const ends: Limit['say'] = (left, labels) => `the certificate of ${named(labels)} ends in ${days(left)}`;
const below = (least: number, ...kinds: readonly string[]): Beyond => ({ below: least, only: ['kind', kinds] });
const AUTHORITIES = ['root', 'issuing', 'client-authority', 'mail-authority', 'time-stamp-authority'];

export const LIMITS: readonly Limit[] = [
  critical(
    'SluisDiskSoonFull',
    'sluis_store_free_octets',
    { below: 2e9 },
    (free) => `the disk has space for ${Math.floor((free ?? 0) / 1e6)} MB of mail`,
  ),
  critical(
    'SluisProbeFailing',
    'sluis_probe_age_seconds',
    { above: 180 },
    (seconds, { site = '' }) =>
      `the probe of ${site} has not sent and fetched a message for ${Math.floor((seconds ?? 0) / 60)} minutes`,
  ),
  critical('SluisListenerCertificateEnds', CERTIFICATE, below(14, 'listener'), ends),
  warning(
    'SluisRenewalStopped',
    'sluis_certificate_renewal_late',
    { above: 0 },
    (_, { name = '' }) => `the certificate of listener ${name} was not renewed in time`,
  ),
  warning('SluisAuthorityEnds', CERTIFICATE, below(90, ...AUTHORITIES), ends),
  warning(
    'SluisPartnerCertificateEnds',
    CERTIFICATE,
    below(30, 'partner-certificate', 'partner-authority', 'evidence'),
    ends,
  ),
  warning('SluisPartnerCertificateEnds', CERTIFICATE, below(7, 'partner-server'), ends),
  warning(
    'SluisAccountCertificatesEnd',
    'sluis_certificates_ending',
    { above: 0, only: ['days', ['7']] },
    (count, { kind = 'certificates' }) => `${count} of kind ${kind} of accounts end within a week`,
  ),
  warning(
    'SluisQueueOld',
    'sluis_queue_oldest_age_seconds',
    { above: 4 * HOUR },
    (oldest, { partner = '' }) => `a delivery to ${partner} has waited for ${age(oldest)}`,
  ),
  warning(
    'SluisMailboxOld',
    'sluis_mailbox_oldest_age_seconds',
    { above: 14 * DAY },
    (oldest) => `a message has waited in a mailbox for ${age(oldest)}`,
  ),
  warning('SluisBackupNone', 'sluis_backup_configured', { below: 1 }, () => 'no backups are taken'),
  warning('SluisBackupOld', 'sluis_backup_age_seconds', { above: 'sluis_backup_max_age_seconds' }, (old) =>
    since(old, 'backup'),
  ),
  warning(
    'SluisBackupLogKept',
    'sluis_backup_log_kept_octets',
    { above: 2e9 },
    (kept) => `the server of the backups keeps ${Math.floor((kept ?? 0) / 1e6)} MB of the log that nobody received`,
  ),
  warning(
    'SluisBackupLogKept',
    'sluis_backup_log_left_octets',
    { below: 1e9 },
    (left) =>
      `the server of the backups drops the log that nobody received after ${Math.floor((left ?? 0) / 1e6)} MB more`,
  ),
  warning('SluisBackupOnlyHere', 'sluis_backup_offsite_age_seconds', { above: 'sluis_backup_max_age_seconds' }, (old) =>
    since(old, 'copy of a backup elsewhere'),
  ),
  warning('SluisKeysOnlyHere', 'sluis_key_copy_configured', { below: 1 }, () => 'the key folder is copied nowhere'),
  warning('SluisKeysOnlyHere', 'sluis_key_copy_age_seconds', { above: HOUR }, (old) =>
    since(old, 'whole copy of the key folder'),
  ),
  warning('SluisDrillOld', 'sluis_drill_age_seconds', { above: 'sluis_drill_max_age_seconds' }, (old) =>
    since(old, 'trial of a backup'),
  ),
  warning(
    'SluisDrillDue',
    'sluis_drill_due',
    { above: 0 },
    (_, { drill = '', why = '' }) => `a drill is due after a change (${why}): sluis drill ${drill}`,
  ),
  warning('SluisDrillFailed', 'sluis_drill_passed', { below: 1 }, () => 'the last trial of a backup failed'),
  warning(
    'SluisStoreAlone',
    'sluis_store_alone_allowed',
    { above: 0 },
    () => 'one place of PostgreSQL alone may acknowledge mail ("sluis site alone --end" ends it)',
  ),
  warning(
    'SluisDayKeysFew',
    'sluis_cluster_day_keys_ahead',
    { below: 7 },
    (left) => `day keys are on all gateways for the next ${days(left)} only`,
  ),
  critical(
    'SluisDayKeysOut',
    'sluis_cluster_day_keys_ahead',
    { below: 2 },
    (left) => `without a day key no mail is accepted, and they are on all gateways for the next ${days(left)} only`,
  ),
  warning(
    'SluisGatewaySilent',
    'sluis_cluster_peer_heard',
    { below: 1 },
    (_heard, { peer = '' }) => `the gateway ${peer} does not answer this one`,
  ),
  warning(
    'SluisDoctorFound',
    'sluis_doctor_findings',
    { above: 0, only: ['severity', ['failure']] },
    (count) => `the gateway found ${count} faults in itself ("sluis doctor" names them)`,
  ),
];

/** What is asked of the gateway. */
export const MONITORED: ReadonlySet<string> = new Set([
  ...LIMITS.flatMap(({ figure, above }) => (typeof above === 'string' ? [figure, above] : [figure])),
  'sluis_queue_waiting',
  'sluis_queue_held',
]);

export interface Finding {
  readonly level: Level;
  readonly what: string;
}

/** Compares figures with their limits, in the order of the table. */
export function judged(figures: readonly Figure[], limits: readonly Limit[] = LIMITS): readonly Finding[] {
  return limits.flatMap((limit) =>
    figures
      .filter(({ name, labels }) => name === limit.figure && applies(limit, labels))
      .filter(({ value }) => isBeyond(value, limit, figures))
      .map(({ value, labels }) => ({ level: limit.level, what: limit.say(value, labels) })),
  );
}

const applies = ({ only }: Limit, labels: Figure['labels']): boolean =>
  only === undefined || only[1].includes(labels[only[0]] ?? '');

function isBeyond(value: number | null, { below, above }: Limit, figures: readonly Figure[]): boolean {
  if (below !== undefined) return value !== null && value < below;
  const most = typeof above === 'string' ? figures.find(({ name }) => name === above)?.value : above;
  return most !== undefined && most !== null && (value === null || value > most);
}

/**
 * What nobody was found to be wrong is OK; else the worst, where CRITICAL is worse than what cannot
 * be told.
 */
export const worst = (levels: readonly Level[]): Level =>
  (['CRITICAL', 'UNKNOWN', 'WARNING'] as const).find((level) => levels.includes(level)) ?? 'OK';
