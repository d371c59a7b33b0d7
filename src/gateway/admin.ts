/**
 * The context of the operations of admin/: in the gateway that serves, and in a command that opened
 * the store itself because no gateway serves.
 *
 * For a command every part is made here; the running gateway gives those that it has.
 */
import { randomBytes } from 'node:crypto';
import { AdminError } from '../admin/error.ts';
import type { AdminContext } from '../admin/context.ts';
import type { CaParts } from '../ca/parts.ts';
import { consoleFacts } from '../config/console.ts';
import { breakGlassSeals } from '../crypto/passwords/break-glass.ts';
import { readMasterKey } from '../config/master-key.ts';
import type { Config } from '../config/schema.ts';
import { authorityKeys } from '../crypto/keys/authority-keys.ts';
import { readEscrow, writeEscrow } from '../crypto/keys/escrow-record.ts';
import { keyFingerprint } from '../crypto/keys/key-fingerprint.ts';
import { partnerSeals } from '../crypto/keys/partner-secrets.ts';
import { hashPassword } from '../crypto/passwords/password.ts';
import { checkNewPassword } from '../crypto/passwords/password-text.ts';
import type { DkimSigner } from '../push/dkim.ts';
import { defined } from '../domain/defined.ts';
import type { Instant } from '../domain/units.ts';
import { createCourierProbe } from '../smtp/courier-probe.ts';
import type { Store } from '../store/port/store.ts';
import { auditKeepOf, evidenceParts } from './audit.ts';
import { gatewayDane } from './dane.ts';
import { gatewayDkim } from './dkim.ts';
import { gatewayBackups } from './backup.ts';
import { gatewayCertificates } from './certificates.ts';
import { GatewayCluster } from './cluster.ts';
import type { GatewayEffects } from './effects.ts';
import { letterParts } from './enrolment.ts';
import { GatewayMail } from './mail.ts';
import { gatewayNotices } from './notices.ts';
import { probeAccount } from './probe.ts';
import { aloneOf, sitesOf } from './sites.ts';
import { gatewayScanner, importScan } from './scan.ts';
import { noteSecondPerson } from './second-person.ts';
import { openEngine } from './store.ts';
import { webhookParts } from './webhooks.ts';

export const adminContext = (
  store: Store,
  config: Config,
  effects: GatewayEffects,
  mail = new GatewayMail(store, config, effects),
  notices = gatewayNotices(store, config, effects, mail),
  backups = gatewayBackups(store, config, effects, notices.noticeWriter, config.store.engine === 'postgres'),
  ca = caParts(store, config, effects),
  // These read the files of the configuration; only the gateway that serves knows what is in use.
  certificates = gatewayCertificates({ config, store, ca }),
  dane = gatewayDane(config, effects),
  dkim?: DkimSigner,
  // This scanner does not check clamd by itself, only when it is first asked.
  scanner = gatewayScanner(config, effects.clock, effects.log),
): AdminContext => ({
  ca,
  ...(scanner !== undefined && { scanImported: importScan(scanner, config.scan, store.audit, effects.log) }),
  certificates,
  store,
  configuration: configurationOf(() => config),
  backups,
  noticeWriter: notices.noticeWriter,
  notices: notices.settlements,
  clock: effects.clock,
  mail: { keys: mail.keys, seals: mail.seals, pgp: mail.pgp },
  keys: {
    fingerprint: async () => keyFingerprint(await readMasterKey(config)),
    escrow: () => readEscrow(config.keys.folder),
    keepEscrow: (escrow) => writeEscrow(config.keys.folder, escrow),
  },
  secondPerson: config.operators['second-person'],
  evidence: evidenceParts(config, effects),
  longestAbsence: config.absence.longest,
  letters: letterParts(config),
  auditKeep: auditKeepOf(config),
  partners: {
    seals: partnerSeals(() => readMasterKey(config), effects.random ?? randomBytes),
    probe: createCourierProbe({ clock: effects.clock, ...defined({ tlsa: dane?.source }) }),
    hostname: config.hostname,
    signs: () => (dkim ?? gatewayDkim(config, effects.clock))?.ready === true,
  },
  webhooks: webhookParts(config, effects),
  console: {
    ...consoleFacts(config),
    random: effects.random ?? randomBytes,
    breakGlass: breakGlassSeals(() => readMasterKey(config), effects.random ?? randomBytes),
  },
  probe: probeAccount(config),
  hashPassword: async (text) => {
    const checked = checkNewPassword(text);
    if (!checked.ok) throw new AdminError('invalid', `Cannot use the password: ${checked.error}`);
    return await hashPassword(checked.value);
  },
});

/** The configuration, for an operator who looks at it: the code for that is loaded only then. */
export const configurationOf = (running: () => Config): AdminContext['configuration'] => ({
  file: running().file,
  settings: async () => (await import('../config/held.ts')).heldSettings(running()),
  examined: async (ports) => (await import('./examined.ts')).examinedOf(running(), ports),
});

/**
 * Opens the store for a command when no gateway serves, with the context of its operations. Throws
 * StoreRefused.
 */
export async function openForCommand(
  config: Config,
  effects: GatewayEffects,
): Promise<{ readonly store: Store; readonly context: AdminContext }> {
  const alone = aloneOf(config, effects);
  const aloneUntil = (): Instant | undefined => alone?.until;
  // If the gateways agree on day keys, a command may not make one either.
  const { mayMakeKey } = new GatewayCluster(config, { ...effects, aloneUntil });
  const opened = await openEngine(config, { ...effects, aloneUntil, ...defined({ mayMakeKey }) });
  const { store } = opened;
  await noteSecondPerson(store, config, effects.log);
  alone?.begin(store.audit);
  const sites = sitesOf(opened, alone);
  return { store, context: { ...adminContext(store, config, effects), ...defined({ sites }) } };
}

/**
 * The parts of the certificate authority. The master key is read again at each use of one of its
 * keys.
 */
export function caParts(store: Store, config: Config, { clock, random = randomBytes }: GatewayEffects): CaParts {
  const { 'crl-file': crlFile, 'crl-url': crlUrl } = config.ca;
  return {
    store,
    clock,
    random,
    keys: authorityKeys(config.keys.folder, () => readMasterKey(config), random),
    ...defined({ crlFile, crlUrl }),
  };
}
