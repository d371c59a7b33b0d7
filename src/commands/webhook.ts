/** `sluis webhook`: programs that get events over HTTPS. */
import { z } from '../config/zod.ts';
import type { AdminContext } from '../admin/context.ts';
import { AdminError } from '../admin/error.ts';
import type { Call } from '../admin/call.ts';
import { accountOf } from '../admin/accounts.ts';
import { organisationOf } from '../admin/organisation-of.ts';
import { readableTime } from '../cli/output.ts';
import { grouped } from '../crypto/keys/base32.ts';
import { defined } from '../domain/defined.ts';
import { mayDo } from '../domain/roles.ts';
import { iso } from '../domain/units.ts';
import { WEBHOOK_EVENT_TYPES, type WebhookEventType } from '../domain/webhooks.ts';
import type { WebhookOwner } from '../store/webhooks.ts';
import { addWebhook, rotateWebhook, testWebhook, webhookOf } from '../webhooks/registering.ts';
import { login, organisation } from './core/kinds.ts';
import { arg, many, opt, pageOf } from './core/params.ts';
import { changes, lists, reads } from './core/row.ts';
import { subject } from './core/subject.ts';
import { NAMED, byName, event, id, named, url, view, viewOf, whose } from './webhook/view.ts';

async function ownerOf(
  { store }: AdminContext,
  { account, organisation: of }: { readonly account: string | undefined; readonly organisation: string | undefined },
  { who, actor }: Call,
): Promise<WebhookOwner> {
  if (account !== undefined) return { account: (await accountOf(store.registry, account)).account.id };
  if (of !== undefined) return { organisation: (await organisationOf(store.registry, of)).id };
  if (!mayDo(who.role, 'security'))
    throw new AdminError(
      'forbidden',
      `Operator "${actor.name}" may not add a webhook that is told of all organisations; name --account or --organisation, or ask an owner`,
    );
  return {};
}

const PATH = '/operator-webhooks/{webhookId}';

const eventsIn = (events: readonly WebhookEventType[]): readonly WebhookEventType[] => [...new Set(events)];

export const webhooks = subject('webhook', 'programs that receive events over HTTPS', {
  add: changes({
    api: {
      method: 'POST',
      path: '/operator-webhooks',
      about: 'send a program the events of an account, of the accounts of an organisation, or of all',
      names: { event: 'events' },
      creates: true,
      secret: true,
      ids: NAMED.id,
    },
    about: 'send events to a program, by signed POSTs; the secret is shown once',
    in: {
      name: arg(named, 'what it is called in lists and letters'),
      url: arg(url, 'where events are sent; https only, and a public address'),
      account: opt(login, 'events of this account; without this and --organisation: of all'),
      organisation: opt(organisation, 'events of accounts of this organisation'),
      event: many(
        event,
        'only this event; several times for several; default: every event',
        WEBHOOK_EVENT_TYPES.length,
      ),
    },
    out: z.object({ id: z.string(), name: z.string(), secret: z.string() }),
    right: 'registry',
    trail: ['webhook.added'],
    undo: 'webhook end',
    examples: [
      'poort https://hooks.example.nl/sluis --account huisarts --event message.received',
      'regie https://hooks.example.nl/regie --organisation praktijk-jansen',
    ],
    check: ({ account, organisation: of }) =>
      account !== undefined && of !== undefined
        ? 'Cannot use --account and --organisation: it is one or the other'
        : undefined,
    run: async (context, { name, url: to, event: events, ...of }, call) => {
      const owner = await ownerOf(context, of, call);
      const made = { name, url: to, events: events.length === 0 ? WEBHOOK_EVENT_TYPES : eventsIn(events), ...owner };
      const added = await addWebhook(context, made, call.actor);
      return { ...added, id: grouped(added.id), name };
    },
    say: (made) =>
      `${made.secret}\nAdded webhook ${made.id} (${made.name}). Its receiver checks signatures with this secret, which is not shown again.\nTry it with "sluis webhook test ${made.id}".`,
  }),

  list: lists({
    api: { method: 'GET', path: '/operator-webhooks', id: 'listWebhooks', ids: NAMED.all },
    about: 'list webhooks, and whether each gets through',
    in: { organisation: opt(organisation, 'of this organisation and its accounts only') },
    out: view,
    right: 'read',
    examples: ['', '--organisation praktijk-jansen'],
    run: async ({ store }, { organisation: of, after, limit }, call) => {
      if (of !== undefined) await organisationOf(store.registry, of);
      const all = (await store.webhooks.list())
        .filter(({ organisationName }) => of === undefined || organisationName === of)
        .map((one) => viewOf(one, call))
        .toSorted(byName);
      return pageOf(all, { after, limit }, ({ id }) => id);
    },
    header: ['WEBHOOK', 'NAME', 'OF', 'STATE', 'LAST SUCCESS', 'FAILURES', 'WHY'],
    cells: (one) => [
      ...[one.id, one.name, whose(one), one.state],
      one.lastSuccess === undefined ? 'never' : readableTime(one.lastSuccess),
      ...[one.failures, one.why ?? ''],
    ],
    after: (one) => one.id,
    none: 'There is no webhook.',
  }),

  show: reads({
    api: { method: 'GET', path: PATH, ids: NAMED.all },
    about: 'show a webhook; never its secret',
    in: { webhook: arg(id, 'its id, as the list shows it') },
    out: view,
    right: 'read',
    examples: ['K7QM-2XRD'],
    run: async ({ store }, { webhook }, call) => viewOf(await webhookOf(store, webhook), call),
    say: (one) =>
      [
        `${one.id} ${one.name}: ${one.state}${one.why === undefined ? '' : ` (${one.why})`}`,
        `Of:           ${whose(one)}`,
        `URL:          ${one.url ?? `at ${one.host}`}`,
        `Events:       ${one.events.join(', ')}`,
        `Last success: ${one.lastSuccess === undefined ? 'never' : readableTime(one.lastSuccess)}`,
        ...(one.failures === 0 ? [] : [`Failures:     ${one.failures} in a row`]),
        ...(one.nextTry === undefined ? [] : [`Next try:     ${readableTime(one.nextTry)}`]),
        ...(one.missedUntil === undefined ? [] : [`Not sent:     events before ${readableTime(one.missedUntil)}`]),
      ].join('\n'),
  }),

  set: changes({
    api: { method: 'PATCH', path: PATH, id: 'changeWebhook', names: { event: 'events' }, ids: NAMED.all },
    about: 'give a webhook another name, URL or list of events',
    in: {
      webhook: arg(id, 'its id'),
      name: opt(named, 'what it is called'),
      url: opt(url, 'where events are sent from now on'),
      event: many(event, 'only this event from now on; several times for several', WEBHOOK_EVENT_TYPES.length),
    },
    out: view,
    right: 'registry',
    trail: ['webhook.changed'],
    undo: 'the same with what was before',
    examples: ['K7QM-2XRD --url https://hooks.example.nl/nieuw', 'K7QM-2XRD --event message.received'],
    check: ({ name, url: to, event: events }) =>
      name === undefined && to === undefined && events.length === 0
        ? 'Cannot set nothing: add --name, --url or --event'
        : undefined,
    run: async ({ store, gateway }, { webhook, name, url: to, event: events }, call) => {
      const changed = defined({ name, url: to, events: events.length === 0 ? undefined : eventsIn(events) });
      await store.webhooks.set(webhook, changed, call.actor);
      gateway?.webhooksChanged();
      return viewOf(await webhookOf(store, webhook), call);
    },
    say: (one) => `Webhook ${one.id} (${one.name}) receives ${one.events.length} kinds of events at ${one.host}.`,
  }),

  test: reads({
    api: { method: 'POST', path: `${PATH}/tests`, ids: NAMED.id },
    about: 'send an event "webhook.test" now, and show what the receiver answers',
    in: { webhook: arg(id, 'its id') },
    out: z.object({
      id: z.string(),
      taken: z.boolean().meta({ description: 'The receiver answered with a status from 200 to 299.' }),
      status: z.number().optional().meta({ description: 'Absent if there was no answer.' }),
      why: z.string().optional().meta({ description: 'Why there was no answer.' }),
    }),
    right: 'registry',
    examples: ['K7QM-2XRD'],
    run: async (context, { webhook }) => ({ ...(await testWebhook(context, webhook)), id: grouped(webhook) }),
    say: (said) =>
      said.taken
        ? `Webhook ${said.id}: the receiver accepted it (status ${said.status ?? 0}).`
        : `Webhook ${said.id}: the receiver did not accept it: ${said.why ?? `status ${said.status ?? 0}`}.`,
    fails: ({ taken }) => (taken ? undefined : { code: 'unavailable' }),
  }),

  pause: changes({
    api: { method: 'POST', path: `${PATH}/pauses`, ids: NAMED.id },
    about: 'send a webhook no events for now; when it is resumed it gets those of the last 7 days',
    in: { webhook: arg(id, 'its id') },
    out: z.object({ id: z.string() }),
    right: 'registry',
    trail: ['webhook.paused'],
    undo: 'webhook resume',
    examples: ['K7QM-2XRD'],
    run: async ({ store, gateway }, { webhook }, call) => {
      await store.webhooks.pause(webhook, 'operator', call.actor);
      gateway?.webhooksChanged();
      return { id: grouped(webhook) };
    },
    say: (done) => `Paused webhook ${done.id}.`,
  }),

  resume: changes({
    api: { method: 'POST', path: `${PATH}/resumptions`, ids: NAMED.id },
    about: 'continue where a webhook was paused, or try at once if it waits for its next try',
    in: { webhook: arg(id, 'its id') },
    out: z.object({ id: z.string() }),
    right: 'registry',
    trail: ['webhook.resumed'],
    undo: 'webhook pause',
    examples: ['K7QM-2XRD'],
    run: async ({ store, gateway }, { webhook }, call) => {
      await store.webhooks.resume(webhook, call.actor);
      gateway?.webhooksChanged();
      return { id: grouped(webhook) };
    },
    say: (done) => `Webhook ${done.id} continues where it stopped.`,
  }),

  rotate: changes({
    api: { method: 'POST', path: `${PATH}/secrets`, id: 'rotateWebhookSecret', secret: true, ids: NAMED.id },
    about: 'make a new secret for a webhook; it is shown once, and the old one signs as well for 7 days',
    in: { webhook: arg(id, 'its id') },
    out: z.object({ id: z.string(), secret: z.string(), oldSecretUntil: z.string() }),
    right: 'registry',
    trail: ['webhook.secret-rotated'],
    undo: 'the same again; a secret that was replaced is never made again',
    examples: ['K7QM-2XRD'],
    run: async (context, { webhook }, call) => {
      const made = await rotateWebhook(context, webhook, call.actor);
      return { id: grouped(webhook), secret: made.secret, oldSecretUntil: iso(made.oldUntil) };
    },
    say: (made) =>
      `${made.secret}\nWebhook ${made.id} has a new secret, which is not shown again. The old one signs as well until ${readableTime(made.oldSecretUntil)}.`,
  }),

  end: changes({
    api: { method: 'DELETE', path: PATH, ids: NAMED.id },
    about: 'end a webhook for good: it gets no events from then on',
    in: { webhook: arg(id, 'its id') },
    out: z.object({ id: z.string() }),
    right: 'registry',
    trail: ['webhook.ended'],
    undo: 'webhook add, with another secret; events in between are never sent',
    examples: ['K7QM-2XRD'],
    run: async ({ store, gateway }, { webhook }, call) => {
      await store.webhooks.end(webhook, 'operator', call.actor);
      gateway?.webhooksChanged();
      return { id: grouped(webhook) };
    },
    say: (done) => `Ended webhook ${done.id}: its secret and its URL are gone.`,
  }),
});
