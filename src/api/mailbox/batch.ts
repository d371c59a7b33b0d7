/**
 * `GET /mailbox/claims/{claimId}/messages`: all that a claim holds in one answer, as
 * multipart/mixed (RFC 2046 section 5.1.3). A request for each message costs three times what the
 * message costs; this costs what POP3 costs.
 */
import { givenBack } from '../../platform/given-back.ts';
import type { Claim, Item } from '../../pickup/claim.ts';
import type { Claimed } from '../../pickup/shared.ts';
import { notFound, problem } from '../core/problem.ts';
import { route } from '../core/route.ts';
import { UNKNOWN, claimId, ended } from './claim-refusals.ts';
import { ACCESS, type MailboxServices } from './visitor.ts';

/**
 * Octets of small messages that are written together: a write of its own would cost each as much as
 * its octets do.
 */
const TOGETHER = 64 * 1024;

export const getClaimMessages = route({
  id: 'getClaimMessages',
  method: 'GET',
  path: '/mailbox/claims/{claimId}/messages',
  tag: 'mailbox',
  summary: 'Fetch all messages of a claim in one answer',
  description:
    'One part for each message that is left of the claim, oldest first, octet for octet as its `content`. Each part says its `Content-Length` and, in `Content-ID`, the id of the message. After a broken answer, the parts that came whole can be used.',
  access: ACCESS,
  params: { claimId },
  answers: {
    200: { about: 'The messages', stream: 'multipart/mixed' },
    404: UNKNOWN,
    409: 'The claim has ended',
  },
  run({ params, caller }, { pickup, random }: MailboxServices) {
    const { id: account } = caller.account;
    const claim = pickup.shared.find(account, params.claimId);
    if (claim === undefined) throw notFound();
    if (claim.state !== 'open') throw ended(claim.state);
    const boundary = Buffer.from(random(18)).toString('base64url');
    const items = [...claim.items.values()].filter(({ writing }) => !writing);
    const heads = items.map((item) => headOf(item, boundary));
    const end = Buffer.from(`\r\n--${boundary}--\r\n`, 'latin1');
    const length = items.reduce((sum, item, n) => sum + item.octets + (heads[n]?.length ?? 0), end.length);
    const open = (item: Item): Promise<Claimed | undefined> => pickup.shared.claimed(account, item.id);
    return Promise.resolve({
      status: 200,
      type: `multipart/mixed; boundary=${boundary}`,
      length,
      stream: together(partsOf(claim, items, heads, open), end),
    });
  },
});

const headOf = ({ id, octets }: Item, boundary: string): Buffer =>
  Buffer.from(
    `\r\n--${boundary}\r\nContent-Type: message/rfc822\r\nContent-ID: <${id}>\r\nContent-Length: ${octets}\r\n\r\n`,
    'latin1',
  );

async function* partsOf(
  claim: Claim,
  items: readonly Item[],
  heads: readonly Buffer[],
  open: (item: Item) => Promise<Claimed | undefined>,
): AsyncGenerator<Uint8Array> {
  for (const [n, item] of items.entries()) {
    const claimed = claim.items.get(item.id) === item ? await open(item) : undefined;
    if (claimed === undefined) throw gone();
    claimed.progress();
    const content = await claimed.open();
    yield heads[n] ?? Buffer.alloc(0);
    let left = content.octets as number;
    for await (const slice of givenBack(content)) {
      left -= slice.length;
      if (left === 0 && !claimed.sent()) throw gone();
      yield slice;
    }
  }
}

/**
 * Joins small pieces in one buffer, which is used again when it has left; a large piece leaves by
 * itself.
 */
async function* together(pieces: AsyncIterable<Uint8Array>, end: Uint8Array): AsyncGenerator<Uint8Array> {
  const waiting = Buffer.allocUnsafe(TOGETHER);
  let octets = 0;
  for await (const piece of inTurn(pieces, end)) {
    if (octets + piece.length > TOGETHER && octets > 0) {
      yield waiting.subarray(0, octets);
      octets = 0;
    }
    if (piece.length > TOGETHER) yield piece;
    else {
      waiting.set(piece, octets);
      octets += piece.length;
    }
  }
  if (octets > 0) yield waiting.subarray(0, octets);
}

async function* inTurn(pieces: AsyncIterable<Uint8Array>, end: Uint8Array): AsyncGenerator<Uint8Array> {
  yield* pieces;
  yield end;
}

/** Thrown when the answer has already begun: the connection breaks before its end. */
const gone = () =>
  problem(409, 'lapsed', 'The claim has ended', 'The claim ended while its messages were being sent; claim again');
