/**
 * Webhooks of the sandbox (Standard Webhooks 1.0.0): to the address that the vendor gave, in a
 * wrong order or with a wrong signature.
 */
import { randomBytes } from 'node:crypto';
import { request as requestPlain } from 'node:http';
import { request as requestTls } from 'node:https';
import { makeWebhookSecret, webhookSignature } from '../crypto/keys/webhook-secrets.ts';
import { type Facts, remember } from './facts.ts';

/** How long the gateway waits for an answer. */
const DEADLINE = 15_000;
const DAY = 86_400;

export interface Receiver {
  readonly url: string;
  readonly secret: string;
  /** PEM of an authority that its certificate may be of, besides the public ones. */
  readonly ca?: string;
}

export interface Event {
  readonly what: string;
  readonly id: string;
  readonly type: string;
  readonly forged?: 'signature' | 'old';
}

const idOf = (): string => `evt_${randomBytes(18).toString('base64url')}`;

/** In the order in which they are sent. */
export function eventsOf(scenario: string): readonly Event[] {
  const type = 'message.collected';
  if (scenario === 'webhook-forged')
    return [
      { what: 'an event with a wrong signature', id: idOf(), type, forged: 'signature' },
      { what: 'an event whose signature is a day old', id: idOf(), type, forged: 'old' },
    ];
  const [first, second, third] = [idOf(), idOf(), idOf()];
  return [
    { what: 'the second event, which came first', id: second, type: 'message.collected' },
    { what: 'the first event, which came second', id: first, type: 'message.relayed' },
    { what: 'the second event, once more', id: second, type: 'message.collected' },
    { what: 'the third event', id: third, type: 'message.received' },
  ];
}

export async function tell(receiver: Receiver, events: readonly Event[], facts: Facts): Promise<void> {
  for (const [n, event] of events.entries()) {
    const timestamp = Math.floor(Date.now() / 1000) - (event.forged === 'old' ? DAY : 0);
    const happened = new Date(Date.now() - (events.length - n) * 1000).toISOString();
    const body = JSON.stringify({
      type: event.type,
      timestamp: happened,
      data: { accountId: '1', organisationId: '1', messageId: '1' },
    });
    const secret = event.forged === 'signature' ? makeWebhookSecret(randomBytes) : receiver.secret;
    const headers = {
      'content-type': 'application/json',
      'user-agent': 'sluis-webhooks/1',
      'webhook-id': event.id,
      'webhook-timestamp': String(timestamp),
      'webhook-signature': webhookSignature([secret], { id: event.id, timestamp, body }),
    };
    const status = await post(receiver, headers, body);
    facts.note(`webhook: ${event.what}: ${status === 0 ? 'no answer' : `answered ${status}`}`);
    remember(facts.told, { what: event.what, status });
  }
}

/** 0: no answer in time, or none at all. */
function post({ url, ca }: Receiver, headers: Readonly<Record<string, string>>, body: string): Promise<number> {
  return new Promise((resolve) => {
    const options = {
      method: 'POST',
      headers: { ...headers, 'content-length': Buffer.byteLength(body) },
      agent: false,
    } as const;
    const asked = url.startsWith('https:')
      ? requestTls(url, { ...options, ...(ca !== undefined && { ca }) })
      : requestPlain(url, options);
    const timer = setTimeout(() => asked.destroy(), DEADLINE);
    const done = (status: number): void => {
      clearTimeout(timer);
      asked.destroy();
      resolve(status);
    };
    asked
      .once('response', ({ statusCode = 0 }) => done(statusCode))
      .once('error', () => done(0))
      .once('close', () => done(0));
    asked.end(body);
  });
}
