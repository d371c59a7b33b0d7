/**
 * Routes for the webhooks that an account has itself. Operators add those of organisations and of
 * the whole service (`sluis webhook`). To an account, a webhook that is not its own does not exist.
 *
 * With an app password they can be seen but not changed: a person who has the password of one
 * program must not leave something behind that outlives it.
 */
import { z } from '../../config/zod.ts';
import { defined } from '../../domain/defined.ts';
import { iso } from '../../domain/units.ts';
import { MAX_NAME, MAX_URL, WEBHOOK_EVENT_TYPES, WEBHOOK_STATES, webhookUrl } from '../../domain/webhooks.ts';
import { RegistryError } from '../../store/registry.ts';
import type { Store } from '../../store/port/store.ts';
import type { WebhookRecord } from '../../store/webhooks.ts';
import { addWebhook, rotateWebhook, testWebhook } from '../../webhooks/registering.ts';
import { jsonBody } from '../core/body.ts';
import type { AccountCaller } from '../core/callers.ts';
import { malformed, notFound, problem } from '../core/problem.ts';
import { type Route, route } from '../core/route.ts';
import type { ApiServices } from '../core/services.ts';
import { forPrograms } from '../core/wording.ts';

type Services = Pick<ApiServices, 'store' | 'admin'>;

const webhookId = z
  .string()
  .regex(/^[A-Z2-7]{8}$/)
  .meta({ description: 'Id of the webhook.', examples: ['K7QM2XRD'] });
const name = z.string().min(1).max(MAX_NAME).meta({ description: 'What it is called in lists and letters.' });
const url = z
  .string()
  .max(MAX_URL)
  .regex(/^https:\/\//)
  .meta({
    description: 'Where the gateway sends events: a server on the public internet.',
    examples: ['https://hooks.example.nl/sluis'],
  });
const events = z
  .array(z.enum(WEBHOOK_EVENT_TYPES as readonly [string, ...string[]]))
  .min(1)
  .max(WEBHOOK_EVENT_TYPES.length);

const view = z
  .object({
    webhookId: z.string(),
    name: z.string(),
    url: z.string(),
    events: z.array(z.enum(WEBHOOK_EVENT_TYPES)),
    state: z.enum(WEBHOOK_STATES),
    why: z.string().optional().meta({ description: 'Why the last attempt failed, or why the webhook is paused.' }),
    failures: z.int().meta({ description: 'How many attempts failed in a row.' }),
    failingSinceAt: z.iso.datetime().optional(),
    nextTryAt: z.iso.datetime().optional(),
    lastSuccessAt: z.iso.datetime().optional(),
    missedUntilAt: z.iso
      .datetime()
      .optional()
      .meta({ description: 'Events before this time were too old to be sent when their turn came.' }),
    createdAt: z.iso.datetime(),
  })
  .meta({ id: 'Webhook' });

const viewOf = (one: WebhookRecord): z.infer<typeof view> => ({
  webhookId: one.id,
  name: one.name,
  url: one.url,
  events: [...one.events],
  state: one.state,
  ...defined({ why: one.why }),
  failures: one.failures,
  ...defined({
    failingSinceAt: iso(one.failingAt),
    nextTryAt: iso(one.dueAt),
    lastSuccessAt: iso(one.lastSuccessAt),
    missedUntilAt: iso(one.missedUntil),
  }),
  createdAt: iso(one.createdAt),
});

const actorOf = ({ account }: AccountCaller): { readonly name: string } => ({ name: account.login });

async function own({ webhooks }: Store, id: string, { account }: AccountCaller): Promise<WebhookRecord> {
  const found = await webhooks.find(id);
  if (found?.account !== account.id) throw notFound();
  return found;
}

function mayChange({ by }: AccountCaller): void {
  if (by === 'app-password')
    throw problem(
      403,
      'app-password',
      'An app password changes no webhook',
      'Use the password or the certificate of the account.',
    );
}

/**
 * Checks a name as the command line does: control characters could forge a line of a letter or a
 * list.
 */
function nameIn(text: string): string {
  if (/[\p{C}\p{Zl}\p{Zp}]/u.test(text) || text.trim() === '')
    throw malformed('The name is empty or has control characters.');
  return text;
}

function urlIn(text: string): string {
  const read = webhookUrl(text);
  if ('why' in read) throw malformed(`The url cannot be used: ${read.why}.`);
  return read.url;
}

/** Turns what the store refuses into problems: a name that is taken, one webhook too many. */
async function kept<T>(change: Promise<T>): Promise<T> {
  try {
    return await change;
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
    if (error.kind === 'unknown') throw notFound();
    throw problem(409, error.kind, 'This cannot be kept', forPrograms(error.message));
  }
}

const chosen = (given: readonly string[] | undefined) =>
  given === undefined ? undefined : WEBHOOK_EVENT_TYPES.filter((type) => given.includes(type));

const NONE = 'You have no such webhook';
const APP = 'An app password changes no webhook';
const access = { kind: 'account', scope: 'any' } as const;
const tag = 'webhooks';
const params = { webhookId };

export const webhookRoutes: readonly Route[] = [
  route({
    ...({ id: 'listOwnWebhooks', method: 'GET', path: '/webhooks', tag, access } as const),
    summary: 'List your webhooks',
    answers: { 200: { about: 'All of them', json: z.object({ webhooks: z.array(view) }).meta({ id: 'Webhooks' }) } },
    run: async ({ caller }, { store }: Services) => ({
      status: 200,
      json: { webhooks: (await store.webhooks.ofAccount(caller.account.id)).map(viewOf) },
    }),
  }),
  route({
    ...({ id: 'addOwnWebhook', method: 'POST', path: '/webhooks', tag, access, idempotent: 'secret' } as const),
    summary: 'Send events to a program of yours',
    description: 'The secret by which it checks signatures is shown once.',
    body: jsonBody(
      z.strictObject({ name, url, events: events.optional().meta({ description: 'Without it: all events.' }) }),
    ),
    answers: {
      201: {
        about: 'The webhook with its secret',
        json: view.extend({ secret: z.string() }).meta({ id: 'NewWebhook' }),
      },
      403: APP,
      409: 'One with that name exists, or you have as many as you may have',
    },
    run: async ({ caller, body }, { store, admin }: Services) => {
      mayChange(caller);
      const asked = {
        name: nameIn(body.name),
        url: urlIn(body.url),
        events: chosen(body.events) ?? WEBHOOK_EVENT_TYPES,
      };
      const made = await kept(addWebhook(admin, { ...asked, account: caller.account.id }, actorOf(caller)));
      return { status: 201, json: { ...viewOf(await own(store, made.id, caller)), secret: made.secret } };
    },
  }),
  route({
    ...({ id: 'showOwnWebhook', method: 'GET', path: '/webhooks/{webhookId}', tag, access, params } as const),
    summary: 'Show a webhook of yours',
    answers: { 200: { about: 'The webhook', json: view }, 404: NONE },
    run: async ({ params: { webhookId: id }, caller }, { store }: Services) => ({
      status: 200,
      json: viewOf(await own(store, id, caller)),
    }),
  }),
  route({
    ...({ id: 'changeOwnWebhook', method: 'PATCH', path: '/webhooks/{webhookId}', tag, access, params } as const),
    summary: 'Give a webhook of yours another name, URL or list of events',
    body: jsonBody(z.strictObject({ name: name.optional(), url: url.optional(), events: events.optional() })),
    answers: { 200: { about: 'The webhook', json: view }, 403: APP, 404: NONE, 409: 'One with that name exists' },
    run: async ({ params: { webhookId: id }, caller, body }, { store, admin }: Services) => {
      mayChange(caller);
      await own(store, id, caller);
      const to = body.url === undefined ? undefined : urlIn(body.url);
      const called = body.name === undefined ? undefined : nameIn(body.name);
      const change = defined({ name: called, url: to, events: chosen(body.events) });
      await kept(store.webhooks.set(id, change, actorOf(caller)));
      admin.gateway?.webhooksChanged();
      return { status: 200, json: viewOf(await own(store, id, caller)) };
    },
  }),
  route({
    ...({ id: 'endOwnWebhook', method: 'DELETE', path: '/webhooks/{webhookId}', tag, access, params } as const),
    summary: 'End a webhook of yours for good',
    answers: { 204: { about: 'It gets no further events' }, 403: APP, 404: NONE },
    run: async ({ params: { webhookId: id }, caller }, { store, admin }: Services) => {
      mayChange(caller);
      await own(store, id, caller);
      await kept(store.webhooks.end(id, 'owner', actorOf(caller)));
      admin.gateway?.webhooksChanged();
      return { status: 204 };
    },
  }),
  route({
    ...({ id: 'testOwnWebhook', method: 'POST', path: '/webhooks/{webhookId}/tests', tag, access, params } as const),
    summary: 'Send the event webhook.test now',
    answers: {
      200: {
        about: 'What the receiver answered',
        json: z
          .object({ taken: z.boolean(), status: z.int().optional(), why: z.string().optional() })
          .meta({ id: 'WebhookTest' }),
      },
      404: NONE,
    },
    run: async ({ params: { webhookId: id }, caller }, { store, admin }: Services) => {
      await own(store, id, caller);
      return { status: 200, json: await kept(testWebhook(admin, id)) };
    },
  }),
  route({
    ...({
      id: 'resumeOwnWebhook',
      method: 'POST',
      path: '/webhooks/{webhookId}/resumptions',
      tag,
      access,
      params,
    } as const),
    summary: 'Resume a paused webhook of yours, or try again at once',
    answers: { 200: { about: 'The webhook', json: view }, 403: APP, 404: NONE },
    run: async ({ params: { webhookId: id }, caller }, { store, admin }: Services) => {
      mayChange(caller);
      await own(store, id, caller);
      await kept(store.webhooks.resume(id, actorOf(caller)));
      admin.gateway?.webhooksChanged();
      return { status: 200, json: viewOf(await own(store, id, caller)) };
    },
  }),
  route({
    ...({
      id: 'rotateOwnWebhookSecret',
      method: 'POST',
      path: '/webhooks/{webhookId}/secrets',
      tag,
      access,
      params,
    } as const),
    idempotent: 'secret',
    summary: 'Make another secret for a webhook of yours',
    description: 'The answer shows it once; the earlier secret signs as well for seven days.',
    answers: {
      201: {
        about: 'The secret',
        json: z.object({ secret: z.string(), oldSecretUntilAt: z.iso.datetime() }).meta({ id: 'WebhookSecret' }),
      },
      403: APP,
      404: NONE,
    },
    run: async ({ params: { webhookId: id }, caller }, { store, admin }: Services) => {
      mayChange(caller);
      await own(store, id, caller);
      const made = await kept(rotateWebhook(admin, id, actorOf(caller)));
      return { status: 201, json: { secret: made.secret, oldSecretUntilAt: iso(made.oldUntil) } };
    },
  }),
];
