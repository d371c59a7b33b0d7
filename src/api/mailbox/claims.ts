/**
 * `/mailbox/claims`: several workers on one mailbox. A claim gives messages to one of them for a
 * time; see pickup/shared.ts.
 */
import { z } from '../../config/zod.ts';
import { type MessageId, parseMessageId } from '../../domain/ids.ts';
import { milliseconds, seconds } from '../../domain/units.ts';
import { type Claim, LONGEST_CLAIM, LONGEST_RENEWED, MOST_CLAIMED } from '../../pickup/claim.ts';
import { MOST_CLAIMS } from '../../pickup/shared.ts';
import { maybeJsonBody } from '../core/body.ts';
import { malformed, notFound, problem } from '../core/problem.ts';
import { route } from '../core/route.ts';
import { ENDED, UNKNOWN, claimId, ended, tooMany } from './claim-refusals.ts';
import { LONGEST_WAIT, WAITS, prefer, waitOf } from './preference.ts';
import { ACCESS, type MailboxServices, inUse, visitorOf } from './visitor.ts';
import { NOTHING, claimView, viewClaim } from './views.ts';

const LONGEST = LONGEST_CLAIM / 1000;
const lasts = z
  .number()
  .int()
  .min(1)
  .max(LONGEST)
  .default(LONGEST)
  .meta({ description: `How many seconds the claim lasts; with all renewals at most ${LONGEST_RENEWED / 1000}.` });

export const createClaim = route({
  id: 'createClaim',
  method: 'POST',
  path: '/mailbox/claims',
  tag: 'mailbox',
  summary: 'Claim messages of your mailbox for one worker',
  description: `You get the oldest messages that no other worker has claimed. No other worker gets them until the claim is released or lapses. While a claim is open, POP3 finds the mailbox in use. At most ${MOST_CLAIMS} claims of a mailbox are open at once. With \`Prefer: wait=${LONGEST_WAIT}\` the answer waits until there is a message.`,
  access: ACCESS,
  idempotent: 'own',
  headers: { prefer },
  body: maybeJsonBody(
    z.strictObject({
      most: z.number().int().min(1).max(MOST_CLAIMED).default(10).meta({ description: 'How many messages at most.' }),
      seconds: lasts,
    }),
  ),
  waits: WAITS,
  answers: {
    201: { about: 'The claim', json: claimView, headers: { Location: 'The claim.' } },
    200: { about: 'There is nothing to claim', json: claimView },
    409: 'A POP3 session has the mailbox open; `Retry-After` says when to try again',
    429: 'Too many claims are open',
  },
  async run({ body, headers, caller, remote, idempotencyKey = '', digest = '', signal }, services: MailboxServices) {
    const { pickup, clock } = services;
    const { id: account } = caller.account;
    const key = `${idempotencyKey} ${digest}`;
    const before = pickup.shared.findByKey(account, key);
    if (before !== undefined) return made(before);
    const wanted = { most: body?.most ?? 10, lasts: seconds(body?.seconds ?? LONGEST), key };
    const wait = waitOf(headers.prefer);
    const watch = wait > 0 ? pickup.arrivals.watch(account) : undefined;
    const until = clock.monotonic() + wait;
    try {
      for (;;) {
        const claim = await pickup.shared.claim(account, visitorOf(remote), wanted);
        if (claim === 'in-use') throw inUse();
        if (claim === 'too-many') throw tooMany();
        if (claim !== 'none') return made(claim);
        const left = milliseconds(until - clock.monotonic());
        if (watch === undefined || left <= 0 || !(await watch.next(left, signal)))
          return { status: 200, json: NOTHING };
      }
    } finally {
      watch?.end();
    }
  },
});

const made = (claim: Claim) =>
  ({ status: 201, json: viewClaim(claim), headers: { Location: `/v1/mailbox/claims/${claim.id}` } }) as const;

export const getClaim = route({
  id: 'getClaim',
  method: 'GET',
  path: '/mailbox/claims/{claimId}',
  tag: 'mailbox',
  summary: 'Show a claim',
  access: ACCESS,
  params: { claimId },
  answers: { 200: { about: 'The claim', json: claimView }, 404: UNKNOWN },
  run: ({ params, caller }, { pickup }: MailboxServices) => {
    const claim = pickup.shared.find(caller.account.id, params.claimId);
    if (claim === undefined) throw notFound();
    return Promise.resolve({ status: 200, json: viewClaim(claim) });
  },
});

export const deleteClaim = route({
  id: 'deleteClaim',
  method: 'DELETE',
  path: '/mailbox/claims/{claimId}',
  tag: 'mailbox',
  summary: 'Release a claim',
  description: 'Its remaining messages are free for other workers. A claim that has ended already stays as it is.',
  access: ACCESS,
  params: { claimId },
  answers: { 204: { about: 'The claim has ended' }, 404: UNKNOWN },
  async run({ params, caller }, { pickup }: MailboxServices) {
    if ((await pickup.shared.release(caller.account.id, params.claimId)) === 'unknown') throw notFound();
    return { status: 204 };
  },
});

export const renewClaim = route({
  id: 'renewClaim',
  method: 'POST',
  path: '/mailbox/claims/{claimId}/renewals',
  tag: 'mailbox',
  summary: 'Keep a claim for longer',
  access: ACCESS,
  params: { claimId },
  idempotent: 'own',
  body: maybeJsonBody(z.strictObject({ seconds: lasts })),
  answers: { 200: { about: 'The claim, with its new end', json: claimView }, 404: UNKNOWN, 409: ENDED },
  async run({ params, body, caller }, { pickup }: MailboxServices) {
    const claim = await pickup.shared.renew(caller.account.id, params.claimId, seconds(body?.seconds ?? LONGEST));
    if (typeof claim === 'string') throw ended(claim);
    return { status: 200, json: viewClaim(claim) };
  },
});

const acknowledged = z
  .object({
    acknowledged: z.number().int().meta({ description: 'Messages that this request removed from the mailbox.' }),
    claim: claimView,
  })
  .meta({ id: 'Acknowledgement' });

const messageIds = z
  .array(z.string().regex(/^[0-7][0-9a-hjkmnp-tv-z]{12}$/))
  .min(1)
  .max(MOST_CLAIMED);

export const acknowledgeClaim = route({
  id: 'acknowledgeClaim',
  method: 'POST',
  path: '/mailbox/claims/{claimId}/acknowledgements',
  tag: 'mailbox',
  summary: 'Acknowledge messages of a claim: they leave the mailbox',
  description:
    'All remaining messages of the claim, or those that you name; in one transaction, as DELE and QUIT do. Once the answer is sent they are removed for good, unless you or the helpdesk hand them out again.',
  access: ACCESS,
  params: { claimId },
  idempotent: 'own',
  body: maybeJsonBody(
    z.strictObject({ messageIds: messageIds.optional().meta({ description: 'Without it: all that remain.' }) }),
  ),
  answers: {
    200: { about: 'They were removed', json: acknowledged },
    404: UNKNOWN,
    409: 'The claim has ended, or holds no such message; nothing was removed',
  },
  async run({ params, body, caller, remote, stands, idempotencyKey = '', digest = '' }, { pickup }: MailboxServices) {
    const { id: account } = caller.account;
    const key = `${idempotencyKey} ${digest}`;
    const known = pickup.shared.find(account, params.claimId);
    const before = known?.answered.get(key);
    if (known !== undefined && before !== undefined) return told(known, before);
    const visitor = visitorOf(remote, stands);
    const done = await pickup.shared.acknowledge(account, params.claimId, idsOf(body?.messageIds), visitor);
    if (done === 'not-claimed')
      throw problem(
        409,
        'not-claimed',
        'The claim holds no such message',
        'One of the messages is not in the claim, or is being acknowledged; nothing was removed',
      );
    // Everything was acknowledged before: a client that lost the answer learns that nothing is left
    // to do.
    if (done === 'acknowledged' && known !== undefined && body?.messageIds === undefined) return told(known, 0);
    if (typeof done === 'string') throw ended(done);
    done.claim.answered.set(key, done.messages);
    return told(done.claim, done.messages);
  },
});

const told = (claim: Claim, messages: number) =>
  ({ status: 200, json: { acknowledged: messages, claim: viewClaim(claim) } }) as const;

function idsOf(given: readonly string[] | undefined): readonly MessageId[] | 'all' {
  if (given === undefined) return 'all';
  return given.map((text) => {
    const id = parseMessageId(text);
    if (id === undefined) throw malformed(`"${text}" is not the id of a message`);
    return id;
  });
}
