/** Assembles webhooks: connections to their receivers, signatures, and notices to their owners. */
import { randomBytes } from 'node:crypto';
import { Resolver } from 'node:dns/promises';
import { type SecureContext, createSecureContext, getCACertificates } from 'node:tls';
import type { WebhookParts } from '../admin/context.ts';
import { readAuthorityFiles } from '../config/files.ts';
import { readMasterKey } from '../config/master-key.ts';
import type { Config } from '../config/schema.ts';
import { webhookSeals } from '../crypto/keys/webhook-secrets.ts';
import type { NoticeWriter } from '../notices/notice-writer.ts';
import { tellWebhookStopped } from '../notices/webhook-stopped.ts';
import { NetworkSet } from '../platform/network.ts';
import type { Store } from '../store/port/store.ts';
import { WebhookDeliverer } from '../webhooks/deliverer.ts';
import { WebhookLine } from '../webhooks/line.ts';
import type { GatewayEffects } from './effects.ts';

/** Milliseconds that one question to a name server may take. */
const DNS_TIMEOUT = 4000;

/**
 * Asks the DNS directly. The system's own look-up would hold one of the four threads that also hash
 * passwords, as long as a name server keeps it waiting, and the person who registers a webhook
 * chooses the name server.
 */
async function resolveName(name: string): Promise<readonly string[]> {
  const resolver = new Resolver({ timeout: DNS_TIMEOUT, tries: 2 });
  const found = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)]);
  return found.flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
}

/**
 * The authorities that may sign for receivers, read at the first use and again when they have
 * changed: some hundred certificates take a few milliseconds.
 */
function contextsOf(config: Config): () => SecureContext {
  let known: { readonly pem: string; readonly context: SecureContext } | undefined;
  return () => {
    const files = readAuthorityFiles(config, 'webhooks.authorities');
    const pem = files.map((file) => file.pem).join('\n');
    if (known?.pem !== pem) {
      const trusted = files.length > 0 ? files.map((file) => file.pem) : systemAuthorities();
      known = { pem, context: createSecureContext({ ca: trusted, minVersion: 'TLSv1.2' }) };
    }
    return known.context;
  };
}

/** The authorities of the system; if it has none, as in a small container, those of Node. */
function systemAuthorities(): string[] {
  const system = getCACertificates('system');
  return system.length > 0 ? system : getCACertificates('default');
}

/** The parts of operations on webhooks; nothing is read or opened before one is used. */
export function webhookParts(config: Config, { clock, random = randomBytes }: GatewayEffects): WebhookParts {
  const contextOf = contextsOf(config);
  const allowed = new NetworkSet(config.webhooks['allow-networks']);
  return {
    seals: webhookSeals(() => readMasterKey(config), random),
    line: (url) => new WebhookLine({ resolve: resolveName, allowed, context: contextOf(), clock }, url),
    random,
  };
}

/** Makes the deliverer; it is not started yet. */
export function gatewayWebhooks(
  store: Store,
  { seals, line, random }: WebhookParts,
  noticeWriter: NoticeWriter,
  { clock, log }: GatewayEffects,
): WebhookDeliverer {
  const deliverer = new WebhookDeliverer({
    webhooks: store.webhooks,
    mine: () => store.jobs.runs('webhooks'),
    seals,
    line,
    tell: (webhook, what, why) => tellWebhookStopped({ noticeWriter, store }, webhook, what, why),
    clock,
    random,
    log,
  });
  // An account that is suspended or moves gets no events from the next second on.
  store.registry.onChange(() => deliverer.ownersChanged());
  return deliverer;
}
