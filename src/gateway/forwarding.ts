/** Assembles the forwarding of the audit trail to a collector of logs. */
import { Names } from '../admin/names.ts';
import { nen7513Records } from '../admin/nen7513-records.ts';
import { readAuthorityFiles, readForwardMaterial } from '../config/files.ts';
import type { Config } from '../config/schema.ts';
import { defined } from '../domain/defined.ts';
import type { Store } from '../store/port/store.ts';
import { ForwardLine } from '../trail/forward-line.ts';
import { Forwarding } from '../trail/forwarding.ts';
import { forwarded } from '../trail/syslog.ts';
import type { GatewayEffects } from './effects.ts';

/**
 * Undefined if no collector is configured. Files are read at each connection: a certificate may be
 * replaced while the gateway runs.
 */
export function startForwarding(store: Store, config: Config, { clock, log }: GatewayEffects): Forwarding | undefined {
  const { 'forward-to': to, 'forward-format': format, 'forward-personal': told } = config.audit;
  if (to === undefined) return undefined;
  const site = { hostname: config.hostname, personal: told === 'yes' };
  const forwarding = new Forwarding({
    audit: store.audit,
    mine: () => store.jobs.runs('forwarding'),
    open: () => {
      const ca = readAuthorityFiles(config, 'audit.forward-authorities').map(({ pem }) => pem);
      const target = { ...to, ...readForwardMaterial(config), ...defined({ ca: ca.length === 0 ? undefined : ca }) };
      return ForwardLine.open(target, clock);
    },
    write: async (rows) => {
      const records = await nen7513Records(rows, { ...site, names: new Names(store.registry) });
      return records.map((record) => forwarded(record, format)).join('');
    },
    clock,
    log,
  });
  forwarding.start();
  return forwarding;
}
