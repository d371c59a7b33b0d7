/** Parameters of the commands about webhooks, and a webhook as they show it. */
import { z } from '../../config/zod.ts';
import type { Call } from '../../admin/call.ts';
import { cleanBase32, grouped } from '../../crypto/keys/base32.ts';
import { defined } from '../../domain/defined.ts';
import { mayDo } from '../../domain/roles.ts';
import { iso } from '../../domain/units.ts';
import { MAX_NAME, MAX_URL, WEBHOOK_EVENT_TYPES, WEBHOOK_STATES, webhookUrl } from '../../domain/webhooks.ts';
import type { WebhookRecord } from '../../store/webhooks.ts';
import { Refused, choice, naming, ofText, text } from '../core/kind.ts';
import { shownIdOf } from '../core/kinds.ts';

export const id = naming(
  'webhook',
  ofText('webhook', shownIdOf('a webhook', 'een webhook'), (typed) => {
    const clean = cleanBase32(typed);
    return /^[A-Z2-7]{8}$/.test(clean) ? clean : undefined;
  }),
);
export const url = ofText(
  'url',
  { en: 'a URL such as https://hooks.example.nl/sluis', nl: 'een adres zoals https://hooks.example.nl/sluis' },
  (typed) => {
    const read = webhookUrl(typed);
    return 'url' in read ? read.url : new Refused(read.why);
  },
  MAX_URL,
);
export const event = choice('event', WEBHOOK_EVENT_TYPES);
export const named = text('name', MAX_NAME);

export const view = z.object({
  id: z.string(),
  name: z.string(),
  account: z.string().optional().meta({ description: 'Told of events of this account alone.' }),
  organisation: z
    .string()
    .optional()
    .meta({ description: 'Told of events of its accounts; beside account: whose it is.' }),
  host: z.string(),
  url: z
    .string()
    .optional()
    .meta({ description: 'Not shown to roles below registry: it may hold a secret of the receiver.' }),
  events: z.array(z.enum(WEBHOOK_EVENT_TYPES)),
  state: z.enum(WEBHOOK_STATES),
  why: z.string().optional().meta({ description: 'Of the last failure, or of the pause.' }),
  failures: z.number().meta({ description: 'In a row.' }),
  failingSince: z.string().optional(),
  nextTry: z.string().optional(),
  lastSuccess: z.string().optional(),
  missedUntil: z.string().optional().meta({ description: 'What happened before was too old when its turn came.' }),
  oldSecretUntil: z.string().optional().meta({ description: 'Until then the secret before signs as well.' }),
  addedAt: z.string(),
});
type View = z.infer<typeof view>;

/**
 * A webhook as it is shown. A caller who may not change it (`who`) sees only the host of its URL.
 */
export const viewOf = (one: WebhookRecord, { who }: Call): View => ({
  id: grouped(one.id),
  name: one.name,
  ...defined({ account: one.login, organisation: one.organisationName }),
  host: new URL(one.url).host,
  ...(mayDo(who.role, 'registry') && { url: one.url }),
  events: [...one.events],
  state: one.state,
  ...defined({ why: one.why }),
  failures: one.failures,
  ...defined({
    failingSince: iso(one.failingAt),
    nextTry: iso(one.dueAt),
    lastSuccess: iso(one.lastSuccessAt),
    missedUntil: iso(one.missedUntil),
    oldSecretUntil: iso(one.oldUntil),
  }),
  addedAt: iso(one.createdAt),
});

export const byName = (one: View, other: View): number =>
  `${one.name} ${one.id}` < `${other.name} ${other.id}` ? -1 : 1;

export const whose = (one: Pick<View, 'account' | 'organisation'>): string =>
  one.account ?? (one.organisation === undefined ? 'all' : `organisation ${one.organisation}`);
export const NAMED = {
  id: { webhookId: 'id' },
  all: { webhookId: 'id', accountId: 'account', organisationId: 'organisation' },
};
