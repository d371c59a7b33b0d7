/**
 * What the trace needs of a message that another server had taken: read from its octets, which are
 * stored as they are. A header that cannot be read says nothing, and the message is taken all the
 * same: it was handed out there too.
 */
import { defined } from '../domain/defined.ts';
import type { MessageParts } from '../domain/message-part.ts';
import { type Address, parseAddress } from '../domain/address.ts';
import { type Instant, instant } from '../domain/units.ts';
import { EdiCollector } from '../edi/collector.ts';
import { type Header, fieldText, fieldsNamed, headerEnd, readHeader } from '../mime/header.ts';
import { MimeWalk } from '../mime/walk.ts';
import { JOIN_LIMIT, joinSmall } from '../platform/bytes.ts';

const MAX_MESSAGE_ID = 512;

export interface MessageFacts {
  /** Without angle brackets; empty if there is none. */
  readonly messageId: string;
  /** Return-Path, where it is an address. */
  readonly sender?: Address;
  /** Whom the other server took it for: Delivered-To, X-Original-To, Envelope-To, in this order. */
  readonly deliveredTo: readonly Address[];
  /** Time of the topmost Received, otherwise of Date. */
  readonly at?: Instant;
  readonly parts: MessageParts;
}

export class FactsReader {
  readonly #edi = new EdiCollector();
  readonly #walk = new MimeWalk(this.#edi.observe);
  readonly #head: Buffer[] = [];
  #headOctets = 0;
  #headWhole = false;

  /** The octets as they are stored, in order. */
  write(slice: Buffer): void {
    this.#walk.write(slice);
    if (this.#headWhole) return;
    const taken = slice.subarray(0, JOIN_LIMIT - this.#headOctets);
    this.#head.push(taken);
    this.#headOctets += taken.length;
    this.#headWhole = this.#headOctets === JOIN_LIMIT || headerEnd(joinSmall(this.#head.slice(-4))) >= 0;
  }

  end(): MessageFacts {
    const octets = joinSmall(this.#head);
    const end = headerEnd(octets);
    const header = readHeader(end < 0 ? octets : octets.subarray(0, end));
    const { leaves, limits } = this.#walk.end();
    return {
      ...(header.ok ? headerFacts(header.value) : { messageId: '', deliveredTo: [] }),
      parts: {
        leaves,
        limits: this.#edi.full ? [...limits, 'interchanges'] : limits,
        interchanges: this.#edi.interchanges(new Set(leaves.map((leaf) => leaf.path))),
      },
    };
  }
}

function headerFacts(header: Header): Omit<MessageFacts, 'parts'> {
  const texts = (name: string): string[] => fieldsNamed(header, name).map((field) => fieldText(header, field));
  const [messageId = ''] = texts('message-id');
  const sender = addressIn(texts('return-path')[0] ?? '');
  const at = moment(texts('received')[0]?.split(';').at(-1)) ?? moment(texts('date')[0]);
  return {
    messageId: (/<([^<>]+)>/.exec(messageId)?.[1] ?? messageId).slice(0, MAX_MESSAGE_ID),
    ...defined({ sender }),
    deliveredTo: ['delivered-to', 'x-original-to', 'envelope-to'].flatMap((name) =>
      texts(name).flatMap((text) => addressIn(text) ?? []),
    ),
    ...defined({ at }),
  };
}

function addressIn(text: string): Address | undefined {
  const parsed = parseAddress(/^<(.*)>$/.exec(text)?.[1] ?? text);
  return parsed.ok ? parsed.value : undefined;
}

/** RFC 5322 section 3.3, comments left out; nothing before 1980 is believed. */
function moment(text: string | undefined): Instant | undefined {
  const at = Date.parse((text ?? '').replace(/\([^()]*\)/g, ' ').trim());
  return at > Date.UTC(1980, 0) ? instant(at) : undefined;
}
