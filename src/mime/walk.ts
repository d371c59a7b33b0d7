/**
 * Walks a message's tree of parts while it streams by, and takes size and SHA-256 of every leaf's
 * decoded octets.
 *
 * RFC 2045, RFC 2046 sections 5.1 and 5.2.1. Nothing is refused and nothing is changed here: the
 * walk sees what is stored and says what it saw. A limit that was reached is reported; nothing
 * behind it is.
 *
 * Content must have CRLF line ends, as all stored content has. The walk holds one header of a part,
 * one decoded slice, and a few hundred octets per leaf in memory.
 */
import type { MessageParts, PartLimit } from '../domain/message-part.ts';
import { type ContentFields, contentFields } from './content-fields.ts';
import { type DelimiterSink, DelimiterScanner } from './delimiters.ts';
import { type LeafFields, LeafRecorder, type Observe } from './leaf.ts';
import { PartHeader } from './part-header.ts';

export interface WalkLimits {
  /** Levels of multiparts and attached messages within each other. */
  readonly depth: number;
  readonly leaves: number;
  /** Octets of one header that are looked at. */
  readonly header: number;
}

export const WALK_LIMITS: WalkLimits = { depth: 50, leaves: 500, header: 256 * 1024 };

/**
 * An entity's place in the tree. `self`: its path if it is a leaf. `below`: what the paths of its
 * parts begin with.
 */
interface EntityPath {
  readonly self: string;
  readonly below: string;
  readonly depth: number;
  /** The entity is one of the parts of a multipart, not a message of its own. */
  readonly part?: true;
}

/** Most authors named by parts that are kept: a few of them show that parts name authors. */
const MAX_AUTHORS = 20;

interface Multipart {
  readonly boundary: string;
  readonly place: EntityPath;
  readonly digest: boolean;
  parts: number;
}

const join = (path: string, step: string): string => (path === '' ? step : `${path}.${step}`);
const isMultipart = (type: string): boolean => type.startsWith('multipart/');
const isMessage = (type: string): boolean => type === 'message/rfc822' || type === 'message/global';
const isIdentity = ({ encoding }: ContentFields): boolean =>
  encoding === '7bit' || encoding === '8bit' || encoding === 'binary';

export class MimeWalk implements DelimiterSink {
  readonly #limits: WalkLimits;
  readonly #observe: Observe | undefined;
  readonly #reached = new Set<PartLimit>();
  readonly #recorders: LeafRecorder[] = [];
  readonly #open: Multipart[] = [];
  /**
   * Index into `#open` by boundary. If two have the same boundary, the outer one counts: a broken
   * part must not swallow what comes behind it.
   */
  readonly #levels = new Map<string, number>();
  readonly #isDelimiter = this.matches.bind(this);
  #scanner: DelimiterScanner | undefined;
  #header: PartHeader | undefined;
  #place: EntityPath = { self: '1', below: '', depth: 0 };
  #defaultType = 'text/plain';
  #leaf: LeafRecorder | undefined;
  /** The leaf is what stands in front of the first part; it counts only if no part comes. */
  #preamble = false;
  /** No more leaves are reported, so there is nothing to look for. */
  #done = false;
  #doubt: string | undefined;
  #own: ContentFields | undefined;
  readonly #authors: string[] = [];
  #matched: { readonly level: number; readonly closing: boolean } | undefined;

  constructor(observe?: Observe, limits: WalkLimits = WALK_LIMITS) {
    this.#observe = observe;
    this.#limits = limits;
    this.#header = new PartHeader(limits.header, false);
  }

  /**
   * Takes the octets of the message, header and body, in order. `chunk` is read before the call
   * returns.
   */
  write(chunk: Buffer): void {
    this.#feed(chunk);
    this.#leaf?.flush();
  }

  #feed(chunk: Buffer): void {
    for (let at = 0; at < chunk.length && !this.#done;) {
      if (this.#header !== undefined) at = this.#readHeader(this.#header, chunk, at);
      else if (this.#open.length > 0) at = this.#delimiters.scan(chunk, at);
      else {
        this.content(at === 0 ? chunk : chunk.subarray(at));
        at = chunk.length;
      }
    }
  }

  /** Called when the message is whole; gives what was seen. */
  end(): Omit<MessageParts, 'interchanges'> {
    // A part may end in its header: then it has no content.
    this.#endHeader();
    this.#scanner?.finish();
    this.#endHeader();
    // A multipart without its end: the message broke off, or a program left the last delimiter out.
    if (this.#open.length > 0) this.#leaf?.doubt();
    this.#endLeaf();
    if (this.#open.length > 0) this.#doubt ??= 'a multipart does not end';
    if (this.#reached.size > 0) this.#doubt ??= 'it has more parts than are looked at';
    return {
      leaves: this.#recorders.map((recorder) => recorder.end()),
      limits: [...this.#reached],
      ...(this.#doubt === undefined ? {} : { doubt: this.#doubt }),
      ...(this.#authors.length === 0 ? {} : { authors: this.#authors }),
    };
  }

  /** What the header of the message itself says, once it is whole. */
  get header(): ContentFields | undefined {
    return this.#own;
  }

  content(octets: Buffer): void {
    this.#leaf?.write(octets);
  }

  matches(octets: Buffer, from: number, to: number): boolean {
    const line = octets.toString('latin1', from, to);
    const level = this.#levels.get(line);
    const closed = level === undefined && line.endsWith('--') ? this.#levels.get(line.slice(0, -2)) : undefined;
    if (level === undefined && closed === undefined) return false;
    this.#matched = { level: level ?? closed ?? 0, closing: level === undefined };
    return true;
  }

  delimiter(): void {
    const { level, closing } = this.#matched ?? { level: 0, closing: true };
    this.#endLeaf(closing ? undefined : level);
    this.#closeFrom(closing ? level : level + 1);
    this.#header = undefined;
    const multipart = this.#open[level];
    if (multipart === undefined) {
      this.#delimiters.begin();
      return;
    }
    multipart.parts += 1;
    const path = join(multipart.place.below, String(multipart.parts));
    this.#startHeader({ self: path, below: path, depth: multipart.place.depth, part: true }, multipart.digest);
  }

  #closeFrom(level: number): void {
    for (let last = this.#open.pop(); last !== undefined; last = this.#open.pop()) {
      if (this.#open.length < level) {
        this.#open.push(last);
        return;
      }
      if (this.#levels.get(last.boundary) === this.#open.length) this.#levels.delete(last.boundary);
    }
  }

  get #delimiters(): DelimiterScanner {
    return (this.#scanner ??= new DelimiterScanner(this));
  }

  #startHeader(place: EntityPath, digest: boolean): void {
    this.#place = place;
    this.#defaultType = digest ? 'message/rfc822' : 'text/plain';
    this.#header = new PartHeader(this.#limits.header, true);
  }

  #readHeader(header: PartHeader, chunk: Buffer, at: number): number {
    const next = header.read(chunk, at, this.#open.length > 0 ? this.#isDelimiter : undefined);
    if (header.state === 'open') return next;
    this.#leaveHeader(header);
    return next;
  }

  #leaveHeader(header: PartHeader): void {
    this.#entity(header);
    if (header.state === 'delimiter') this.delimiter();
    if (header.state === 'content') {
      // Programs differ in where this part begins.
      this.#leaf?.doubt();
      this.#doubt ??= 'the header of a part does not end';
      this.#feed(header.rest);
    }
  }

  #endHeader(): void {
    const header = this.#header;
    if (header === undefined) return;
    header.finish(this.#open.length > 0 ? this.#isDelimiter : undefined);
    this.#leaveHeader(header);
  }

  /** Called when the header of an entity is whole. */
  #entity(header: PartHeader): void {
    if (header.cut) this.#reached.add('header');
    this.#header = undefined;
    const place = this.#place;
    const fields = contentFields(header.end(), this.#defaultType);
    this.#own ??= fields;
    if (fields.doubt !== undefined) this.#doubt ??= fields.doubt;
    if (fields.author !== undefined && place.part === true && this.#authors.length < MAX_AUTHORS)
      this.#authors.push(fields.author);
    const nests =
      (isMultipart(fields.type) && fields.boundary !== '') || (isMessage(fields.type) && isIdentity(fields));
    if (nests && place.depth < this.#limits.depth) this.#nest(fields, place);
    else {
      if (nests) this.#reached.add('depth');
      this.#leaf = this.#record(place.self, fields);
    }
    if (this.#open.length > 0) this.#delimiters.begin();
  }

  #nest(fields: ContentFields, { self, below, depth }: EntityPath): void {
    if (isMessage(fields.type)) {
      // The parts of an attached message at 3 are 3.1 and so on, even if it is not a multipart.
      this.#startHeader({ self: join(self, '1'), below: self, depth: depth + 1 }, false);
      return;
    }
    // If one boundary begins with another, some programs take its delimiter for that of the other.
    if (this.#open.some(({ boundary }) => boundary.startsWith(fields.boundary) || fields.boundary.startsWith(boundary)))
      this.#doubt ??= 'two multiparts have boundaries that begin alike';
    if (!this.#levels.has(fields.boundary)) this.#levels.set(fields.boundary, this.#open.length);
    this.#open.push({
      boundary: fields.boundary,
      place: { self, below, depth: depth + 1 },
      digest: fields.type === 'multipart/digest',
      parts: 0,
    });
    this.#leaf = this.#record(self, fields);
    this.#preamble = true;
  }

  #record(path: string, fields: LeafFields, file = false): LeafRecorder | undefined {
    if (this.#recorders.length >= this.#limits.leaves) {
      this.#reached.add('leaves');
      this.#done = true;
      return undefined;
    }
    const openFile = (at: string, name: string): LeafRecorder | undefined =>
      this.#record(at, { type: 'application/octet-stream', name, encoding: 'uuencode', charset: '' }, true);
    const recorder = new LeafRecorder(path, fields, this.#observe, file ? undefined : openFile);
    this.#recorders.push(recorder);
    return recorder;
  }

  /** `level`: level of the multipart in which a part begins here; undefined if none does. */
  #endLeaf(level?: number): void {
    const leaf = this.#leaf;
    const multipart = this.#open.at(-1);
    this.#leaf = undefined;
    if (leaf === undefined) return;
    if (this.#preamble && level === this.#open.length - 1 && multipart !== undefined)
      this.#recorders.splice(this.#recorders.indexOf(leaf), 1);
    else {
      // A multipart without a part: some programs show what it holds, some nothing.
      if (this.#preamble) {
        leaf.doubt();
        this.#doubt ??= 'a multipart has no part';
      }
      leaf.end();
    }
    this.#preamble = false;
  }
}
