/**
 * Judges every answer of the API by its OpenAPI document, with ajv. It fetches that document from
 * the API, as any client does.
 */
import assert from 'node:assert/strict';
import type { IncomingHttpHeaders } from 'node:http';
import type { ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

export interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, OpenApiOperation>>>>;
  readonly components: { readonly responses: Readonly<Record<string, OpenApiResponse>> };
}
export interface OpenApiOperation {
  readonly operationId: string;
  readonly parameters: readonly unknown[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema?: object }>> };
  readonly responses: Readonly<Record<string, OpenApiResponse>>;
}
export interface OpenApiResponse {
  readonly $ref?: string;
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly content?: Readonly<Record<string, { readonly schema?: object }>>;
}

export interface JudgedAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly json: unknown;
}

/**
 * Statuses of the connection and not of an operation. The document describes them in its
 * introduction.
 */
const OF_THE_LINE = new Set([405, 414, 417, 431, 505]);
/** Statuses for a path that does not exist. */
const NOWHERE = new Set([404, ...OF_THE_LINE, 400]);

export class ApiJudge {
  readonly document: OpenApi;
  readonly #ajv: Ajv2020;
  readonly #validators = new Map<string, ValidateFunction>();
  /** Operations and statuses that were seen. */
  readonly seen = new Set<string>();

  constructor(document: OpenApi) {
    this.document = document;
    this.#ajv = new Ajv2020({ strict: false, allErrors: true });
    addFormats.default(this.#ajv);
    for (const format of ['base64', 'cidrv4', 'cidrv6', 'e164', 'jwt', 'base64url']) this.#ajv.addFormat(format, true);
    this.#ajv.addSchema(document, 'api');
  }

  /**
   * Finds an operation. `path`: what follows `/v1`, with its query. Undefined if the document has
   * no such path.
   */
  operationOf(
    method: string,
    path: string,
  ): { readonly template: string; readonly operation?: OpenApiOperation } | undefined {
    const asked = (path.split('?')[0] ?? '').split('/');
    const template = Object.keys(this.document.paths)
      .filter((known) => {
        const parts = known.split('/');
        return (
          parts.length === asked.length &&
          parts.every((part, i) => part === asked[i] || (part.startsWith('{') && asked[i] !== ''))
        );
      })
      .sort((a, b) => a.split('{').length - b.split('{').length)[0];
    if (template === undefined) return undefined;
    const name = method === 'HEAD' ? 'get' : method.toLowerCase();
    const operation = this.document.paths[template]?.[name];
    return operation === undefined ? { template } : { template, operation };
  }

  /** Throws AssertionError for an answer that is not in the document. */
  judge(method: string, path: string, answer: JudgedAnswer): void {
    const where = `${method} ${path}: ${answer.status} ${answer.body.toString('utf8', 0, 500)}`;
    assert.equal(answer.headers['api-version'] !== undefined, true, `${where}: no API-Version`);
    const found = this.operationOf(method, path);
    const { status } = answer;
    if (found?.operation === undefined) {
      assert.ok(NOWHERE.has(status), `${where}: the document has no such operation`);
      return this.#problem(answer, where);
    }
    const { operation } = found;
    this.seen.add(`${operation.operationId} ${status}`);
    const said = operation.responses[String(status)];
    if (said === undefined) {
      assert.ok(OF_THE_LINE.has(status), `${where}: the document has no such answer of ${operation.operationId}`);
      return this.#problem(answer, where);
    }
    const name = said.$ref?.split('/').at(-1);
    const response = name === undefined ? said : this.document.components.responses[name]!;
    const pointer =
      name === undefined
        ? `/paths/${step(found.template)}/${method === 'HEAD' ? 'get' : method.toLowerCase()}/responses/${status}`
        : `/components/responses/${name}`;
    this.#headers(response, answer, where);
    if (method !== 'HEAD') this.#content(response, pointer, answer, where);
  }

  #headers({ headers = {} }: OpenApiResponse, answer: JudgedAnswer, where: string): void {
    for (const wanted of ['API-Version', 'RateLimit', 'RateLimit-Policy', 'Retry-After', 'WWW-Authenticate'])
      if (headers[wanted] !== undefined)
        assert.ok(answer.headers[wanted.toLowerCase()] !== undefined, `${where}: no ${wanted}`);
  }

  #content({ content }: OpenApiResponse, pointer: string, answer: JudgedAnswer, where: string): void {
    const [type = ''] = (answer.headers['content-type'] ?? '').split(';');
    if (content === undefined) {
      assert.equal(answer.body.length, 0, `${where}: the document has no content of it`);
      return;
    }
    const entry = content[type] ?? Object.entries(content).find(([known]) => fits(known, type))?.[1];
    assert.ok(
      entry !== undefined,
      `${where}: the document has no content of type ${type}, only ${Object.keys(content).join(', ')}`,
    );
    if (entry.schema !== undefined) this.#valid(`${pointer}/content/${step(type)}/schema`, answer, where);
  }

  #problem(answer: JudgedAnswer, where: string): void {
    assert.equal(answer.headers['content-type'], 'application/problem+json', where);
    if (answer.json !== undefined) this.#valid('/components/schemas/Problem', answer, where);
  }

  #valid(pointer: string, answer: JudgedAnswer, where: string): void {
    let validate = this.#validators.get(pointer);
    if (validate === undefined) {
      validate = this.#ajv.compile({ $ref: `api#${pointer}` });
      this.#validators.set(pointer, validate);
    }
    assert.ok(validate(answer.json), `${where}: ${this.#ajv.errorsText(validate.errors)} (${pointer})`);
  }
}

const step = (text: string): string => encodeURIComponent(text.replaceAll('~', '~0').replaceAll('/', '~1'));

const fits = (range: string, type: string): boolean =>
  range === '*/*' || (range.endsWith('/*') && type.startsWith(range.slice(0, -1)));

const judges = new Map<string, Promise<ApiJudge>>();

/**
 * One judge for each document, however many listeners serve it: compiling one takes longer than a
 * test.
 */
export function judgeOf(text: string): Promise<ApiJudge> {
  let judge = judges.get(text);
  if (judge === undefined)
    judges.set(text, (judge = Promise.resolve().then(() => new ApiJudge(JSON.parse(text) as OpenApi))));
  return judge;
}
