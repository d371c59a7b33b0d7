/**
 * Makes requests from the OpenAPI document alone: some that follow it, and some that do not.
 * json-schema-faker makes the good values. The bad ones are ours, because a generator's edge cases
 * are tame.
 */
import { generateSync } from 'json-schema-faker';
import type { OpenApi, OpenApiOperation } from './api-judge.ts';
import type { Seeded } from './seeded.ts';

type Schema = Readonly<Record<string, unknown>>;

interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required?: boolean;
  readonly schema: Schema;
}

export interface MadeRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Members of answers whose values are tried again: ids in paths and queries, names in bodies. */
const LEARNT = /Id$|^(?:serial|fingerprint|organisation|login|address|account|partner)$/;

/** Texts that have broken some program somewhere. */
const TEXTS = [
  '',
  ' ',
  '\0',
  'a\r\nX-Injected: 1',
  '\u202e\ufeff\u2028',
  '\ud800',
  '😀'.repeat(40),
  '../../etc/passwd',
  '%00%2e%2e%2f',
  "'; DROP TABLE account; --",
  '{{7*7}}${7*7}<script>alert(1)</script>',
  '__proto__',
  'constructor',
  'a'.repeat(300),
  'a'.repeat(5000),
  '9'.repeat(400),
  'NaN',
  '-1',
  '1e309',
  '0x10',
  '2027-02-30',
  '9999-12-31T23:59:59Z',
  '0000-00-00T00:00:00Z',
];
const VALUES: readonly unknown[] = [
  ...TEXTS,
  null,
  true,
  0,
  -1,
  0.5,
  1e15,
  2 ** 53,
  1e308,
  [],
  {},
  [[[[]]]],
  { a: { b: { c: {} } } },
  Array.from({ length: 1200 }, () => 'a'),
];
const RAW = [
  '',
  '{',
  '[]',
  'null',
  '"a"',
  '{"a":1,"a":2}',
  '{"__proto__":{"x":1}}',
  '\u{feff}{}',
  `${'['.repeat(2000)}${']'.repeat(2000)}`,
  'a,b\n"',
  '\xff\xfe',
];

export class ApiInputs {
  readonly #document: OpenApi;
  readonly #random: Seeded;
  /** Ids that were seen in answers, by the name of the parameter that takes them. */
  readonly #ids = new Map<string, string[]>();

  constructor(document: OpenApi, random: Seeded) {
    this.#document = document;
    this.#random = random;
  }

  /**
   * Remembers the ids in an answer, so that later paths use them. It leaves out those in `spared`.
   */
  learn(json: unknown, spared: ReadonlySet<string>): void {
    if (Array.isArray(json)) for (const one of json) this.learn(one, spared);
    if (typeof json !== 'object' || json === null) return;
    for (const [name, value] of Object.entries(json)) {
      if (typeof value === 'string' && LEARNT.test(name) && !spared.has(value)) {
        const known = this.#ids.get(name) ?? [];
        if (known.length < 50 && !known.includes(value)) this.#ids.set(name, [...known, value]);
      }
      this.learn(value, spared);
    }
  }

  /**
   * Makes a request. `good`: it follows the document. Otherwise one part of it does not, or may
   * not.
   */
  make(method: string, template: string, operation: OpenApiOperation, good: boolean): MadeRequest {
    const random = this.#random;
    const parameters = operation.parameters.map((one) => this.#resolved(one) as unknown as Parameter);
    const types = Object.entries(operation.requestBody?.content ?? {});
    const spoilt = good
      ? undefined
      : random.pick(['path', 'query', 'header', 'body', 'body', 'body', 'extra'] as const);
    let path = template;
    const query: string[] = [];
    const headers: Record<string, string> = {};
    for (const parameter of parameters) {
      const { name, required = false, schema } = parameter;
      const isBad = spoilt === parameter.in && random.below(2) === 0;
      if (!required && !isBad && random.below(2) === 0) continue;
      // Such a request would wait for mail that never comes.
      if (name.toLowerCase() === 'prefer') continue;
      const value = isBad ? random.pick(TEXTS) : this.#text(name, schema);
      if (parameter.in === 'path') path = path.replace(`{${name}}`, encoded(value) || '-');
      else if (parameter.in === 'query') query.push(`${encoded(name)}=${encoded(value)}`);
      else headers[name.toLowerCase()] = printable(value);
    }
    if (spoilt === 'extra') query.push('unknownParameter=1');
    const search = query.length === 0 ? '' : `?${query.join('&')}`;
    if (types.length === 0) return { method, path: `${path}${search}`, headers };
    const [type, { schema = {} }] = random.pick(types);
    headers['content-type'] = type;
    return { method, path: `${path}${search}`, headers, body: this.#body(type, schema as Schema, spoilt === 'body') };
  }

  #body(type: string, schema: Schema, isBad: boolean): string {
    const random = this.#random;
    if (type !== 'application/json') return isBad ? random.pick(RAW) : 'a,b\r\n1,2\r\n';
    if (isBad && random.below(4) === 0) return random.pick(RAW);
    const value = this.#withNames(this.#value(schema));
    return JSON.stringify(isBad ? this.#spoilt(value) : value);
  }

  /** Puts names that exist into a value, since an invented one matches nothing. */
  #withNames(value: unknown): unknown {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, one]: readonly [string, unknown]) => {
        const known = this.#ids.get(name);
        return [
          name,
          known !== undefined && typeof one === 'string' && this.#random.below(3) > 0 ? this.#random.pick(known) : one,
        ];
      }),
    );
  }

  /** Spoils a value: it changes one member, adds one, or replaces all of it. */
  #spoilt(value: unknown): unknown {
    const random = this.#random;
    if (typeof value !== 'object' || value === null || random.below(8) === 0) return random.pick(VALUES);
    const names = Object.keys(value);
    if (names.length === 0 || random.below(4) === 0) return { ...value, unknownMember: random.pick(VALUES) };
    const name = random.pick(names);
    const { [name]: one, ...others } = value as Record<string, unknown>;
    if (random.below(6) === 0) return others;
    return { ...others, [name]: random.below(3) === 0 ? this.#spoilt(one) : random.pick(VALUES) };
  }

  #text(name: string, schema: Schema): string {
    const known = this.#ids.get(name);
    if (known !== undefined && this.#random.below(4) > 0) return this.#random.pick(known);
    const value = this.#value(schema);
    return typeof value === 'string' ? value : JSON.stringify(value);
  }

  #value(schema: Schema): unknown {
    return generateSync(
      { ...schema, components: this.#document.components },
      {
        seed: this.#random.below(2 ** 31),
        maxDepth: 8,
      },
    );
  }

  #resolved(one: unknown): Schema {
    const { $ref } = one as { readonly $ref?: string };
    if ($ref === undefined) return one as Schema;
    let found: unknown = this.#document;
    for (const step of $ref.slice(2).split('/')) found = (found as Schema)[step];
    return found as Schema;
  }
}

/** Half of a surrogate pair cannot be written in a path, so it becomes a question mark. */
const encoded = (text: string): string => encodeURIComponent(text.replaceAll(/\p{Cs}/gu, '?'));

/** The text with every character replaced that a client cannot put into a header. */
const printable = (text: string): string => text.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 2000) || '?';
