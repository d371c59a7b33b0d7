/**
 * An LDAP client that says exactly what a test wants, including wrong things, and filters as mail
 * programs send them.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type Socket, connect as connectTcp } from 'node:net';
import type { TestContext } from 'node:test';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { type Element, parse } from '../../src/crypto/certificates/ber.ts';
import {
  type Encoded,
  Tag,
  boolean,
  context,
  encode,
  integer,
  octetString,
  sequence,
  value,
} from '../../src/crypto/certificates/der.ts';
import { Frames } from '../../src/ldap/frames.ts';
import { type TestGateway, type TestGatewayOptions, addressOf, passwordOf, startTestGateway } from './gateway.ts';

const listener = (name: string, tls: string): string =>
  `[[listener]]\nname = "${name}"\nprotocol = "ldap"\naddress = "127.0.0.1"\nport = 0\ntls = "${tls}"\n`;

/** Starts a gateway with both LDAP listeners. `listed`: the organisation agreed to be listed. */
export async function startLdap(
  t: TestContext,
  { listed = true, configuration = '', ...options }: TestGatewayOptions & { readonly listed?: boolean } = {},
): Promise<TestGateway> {
  const more = `${configuration}\n${listener('ldap', 'starttls')}${listener('ldaps', 'implicit')}`;
  const gateway = await startTestGateway({ accounts: ['anna', 'bert'], ...options, configuration: more });
  t.after(() => gateway.remove());
  if (listed) await agree(gateway);
  return gateway;
}

export const actor = { name: 'test' };

export const agree = async ({ store }: TestGateway): Promise<void> => {
  await store.registry.changeSettings({ scope: 'organisation', name: 'group' }, { 'directory-listing': true }, actor);
};

const text = (one: string): Encoded => octetString(Buffer.from(one));

export const equal = (name: string, one: string): Encoded => value(context(3), text(name), text(one));
export const present = (name: string): Encoded => value(context(7, 'primitive'), Buffer.from(name));
export const and = (...all: readonly Encoded[]): Encoded => value(context(0), ...all);
export const or = (...all: readonly Encoded[]): Encoded => value(context(1), ...all);
export const not = (one: Encoded): Encoded => value(context(2), one);
/** A substring filter. In `pattern`, `*` stands between the parts, as people write it. */
export function like(name: string, pattern: string): Encoded {
  const parts = pattern.split('*');
  const last = parts.length - 1;
  const tagged = parts.flatMap((part, i) =>
    part === '' ? [] : [value(context(i === 0 ? 0 : i === last ? 2 : 1, 'primitive'), Buffer.from(part))],
  );
  return value(context(4), text(name), sequence(...tagged));
}
export const anything = present('objectClass');

export interface Asked {
  readonly base?: string;
  readonly scope?: 0 | 1 | 2;
  readonly sizeLimit?: number;
  readonly timeLimit?: number;
  readonly typesOnly?: boolean;
  readonly attributes?: readonly string[];
  readonly controls?: readonly Encoded[];
}

export const control = (oid: string, critical: boolean, content?: Encoded): Encoded =>
  sequence(text(oid), boolean(critical), ...(content === undefined ? [] : [octetString(content)]));
export const pages = (size: number, cookie: Uint8Array = Buffer.alloc(0)): Encoded =>
  control('1.2.840.113556.1.4.319', true, sequence(integer(size), octetString(Buffer.from(cookie))));

export const messageOf = (id: number, operation: Encoded, controls: readonly Encoded[] = []): Buffer =>
  encode(sequence(integer(id), operation, ...(controls.length === 0 ? [] : [value(context(0), ...controls)])));

export function searchOf(filter: Encoded, asked: Asked = {}): Encoded {
  const { base = 'o=directory', scope = 2, sizeLimit = 0, timeLimit = 0, typesOnly = false, attributes = [] } = asked;
  return value(
    0x63,
    ...[text(base), integer(scope, Tag.enumerated), integer(0, Tag.enumerated), integer(sizeLimit)],
    ...[integer(timeLimit), boolean(typesOnly), filter, sequence(...attributes.map(text))],
  );
}

export const bindOf = (name: string, password: string): Encoded =>
  value(0x60, integer(3), text(name), value(context(0, 'primitive'), Buffer.from(password)));
export const externalOf = (identity?: string): Encoded =>
  value(
    0x60,
    integer(3),
    text(''),
    value(context(3), text('EXTERNAL'), ...(identity === undefined ? [] : [text(identity)])),
  );
export const extendedOf = (oid: string): Encoded => value(0x77, value(context(0, 'primitive'), Buffer.from(oid)));
export const START_TLS = '1.3.6.1.4.1.1466.20037';
export const WHO_AM_I = '1.3.6.1.4.1.4203.1.11.3';

export interface Answer {
  readonly id: number;
  readonly tag: number;
  readonly code: number;
  readonly text: string;
  readonly element: Element;
}
export interface FoundEntry {
  readonly name: string;
  readonly attributes: Readonly<Record<string, readonly string[]>>;
}
export interface Found {
  readonly code: number;
  readonly text: string;
  readonly entries: readonly FoundEntry[];
  /** The cookie of the paging control. */
  readonly cookie?: Buffer;
}

/** Resolves to a connected client, inside TLS if the listener begins with TLS. */
export async function connectLdap(
  t: TestContext,
  gateway: TestGateway,
  name: 'ldap' | 'ldaps' = 'ldaps',
  options: ConnectionOptions = {},
): Promise<LdapClient> {
  const tls = { ca: gateway.ca, servername: 'mail.test', ...options };
  const socket =
    name === 'ldaps' ? connectTls({ port: gateway.port(name), ...tls }) : connectTcp({ port: gateway.port(name) });
  const client = new LdapClient(socket, tls);
  t.after(() => client.close());
  await once(socket, name === 'ldaps' ? 'secureConnect' : 'connect');
  return client;
}

export class LdapClient {
  #socket: Socket;
  readonly #tls: ConnectionOptions;
  #frames = new Frames(16 * 1024 * 1024);
  readonly #answers: Answer[] = [];
  #ended = false;
  #wake: (() => void) | undefined;
  #id = 0;

  constructor(socket: Socket, tls: ConnectionOptions) {
    this.#socket = socket;
    this.#tls = tls;
    this.#listen();
  }

  close(): void {
    this.#socket.destroy();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  get nextId(): number {
    return (this.#id += 1);
  }

  write(octets: Uint8Array): void {
    this.#socket.write(octets);
  }

  /** The next answer; undefined if the server has closed the connection. */
  async answer(): Promise<Answer | undefined> {
    while (this.#answers.length === 0 && !this.#ended) await new Promise<void>((resolve) => (this.#wake = resolve));
    return this.#answers.shift();
  }

  async ask(operation: Encoded, controls: readonly Encoded[] = []): Promise<Answer> {
    this.write(messageOf(this.nextId, operation, controls));
    const answer = await this.answer();
    assert.ok(answer, 'the server closed');
    return answer;
  }

  /** Binds as an account of the test's gateway. */
  async bind(name: string, password = passwordOf(name)): Promise<number> {
    return (await this.ask(bindOf(addressOf(name), password))).code;
  }

  async startTls(): Promise<void> {
    assert.equal((await this.ask(extendedOf(START_TLS))).code, 0);
    const plain = this.#socket.removeAllListeners();
    this.#socket = connectTls({ socket: plain, ...this.#tls });
    this.#listen();
    await once(this.#socket, 'secureConnect');
  }

  async search(filter: Encoded, asked: Asked = {}): Promise<Found> {
    this.write(messageOf(this.nextId, searchOf(filter, asked), asked.controls));
    return await this.found();
  }

  async found(): Promise<Found> {
    const entries: FoundEntry[] = [];
    for (;;) {
      const answer = await this.answer();
      assert.ok(answer, 'the server closed');
      if (answer.tag === 0x64) entries.push(entryOf(answer.element));
      else return { code: answer.code, text: answer.text, entries, ...cookieOf(answer.element) };
    }
  }

  #listen(): void {
    this.#socket
      .on('error', () => undefined)
      .on('close', () => {
        this.#ended = true;
        this.#wake?.();
      })
      .on('data', (chunk: Buffer) => {
        this.#frames.push(chunk);
        for (let octets = this.#frames.next(); octets !== undefined; octets = this.#frames.next())
          this.#answers.push(answerOf(octets));
        this.#wake?.();
      });
  }
}

const LIMITS = { encoding: 'ber', maxOctets: 16 * 1024 * 1024, maxDepth: 20, maxElements: 10_000 } as const;

export function answerOf(octets: Buffer): Answer {
  const message = parse(octets, LIMITS);
  const parts = message.children();
  const number = parts.next('id').content;
  const id = number.readUIntBE(0, number.length);
  const operation = parts.next('operation');
  if (operation.tag === 0x64) return { id, tag: 0x64, code: 0, text: '', element: message };
  const fields = operation.children();
  const code = fields.next('code').content[0] ?? -1;
  fields.next('matched');
  return { id, tag: operation.tag, code, text: fields.next('text').content.toString(), element: message };
}

function entryOf(message: Element): FoundEntry {
  const parts = message.children();
  parts.next('id');
  const fields = parts.next('entry').children();
  const name = fields.next('name').content.toString();
  const attributes: Record<string, string[]> = {};
  for (const one of fields.next('attributes').children()) {
    const [type, values] = [...one.children()];
    const binary = type!.content.toString().endsWith(';binary');
    attributes[type!.content.toString()] = [...values!.children()].map((v) =>
      v.content.toString(binary ? 'base64' : 'utf8'),
    );
  }
  return { name, attributes };
}

function cookieOf(message: Element): { readonly cookie?: Buffer } {
  const [, , controls] = [...message.children()];
  if (controls === undefined) return {};
  const [, content] = [...[...controls.children()][0]!.children()];
  const [, cookie] = [...parse(content!.content).children()];
  return { cookie: Buffer.from(cookie!.content) };
}
