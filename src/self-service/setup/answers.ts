/**
 * What mail programs are answered that look for their settings: autoconfig (Thunderbird and
 * others), autodiscover (Outlook). Nobody is logged in, no row of the store is read and no cookie
 * is set: for every address of a domain the answer is the same, so nobody learns which addresses
 * there are, and a flood costs what its TLS costs.
 *
 * Programs that know the password look for an address book and a calendar too, and answer a 401
 * with the password of the mailbox. They get 404, here and for every path.
 */
import { domainToASCII } from 'node:url';
import type { IncomingMessage } from 'node:http';
import type { Counts } from '../../domain/counts.ts';
import { type ServedPort, inOrder, portsForAll } from '../../domain/served-port.ts';
import { readBody } from '../../http/form.ts';
import { NOT_KEPT, PAGE_HEADERS } from '../../web/core/headers.ts';
import type { Sent } from '../../web/core/serve.ts';
import { autoconfig } from '../pages/program-files.ts';
import { OUTLOOK, discoverError, discovered, readDiscover } from './autodiscover.ts';

/**
 * `given`: settings. `foreign`: of no domain of ours. `malformed`: it asks for nothing, or for too
 * much. `none`: what there is not, such as a calendar.
 */
type SetupOutcome = 'given' | 'foreign' | 'malformed' | 'none';
type SetupForm = 'autoconfig' | 'autodiscover' | 'dav';
export type SetupCounts = Counts<'form' | 'outcome'>;

export interface SetupParts {
  /** Domains, folded; empty: no program gets an answer. */
  readonly domains: readonly string[];
  /** What readers know the gateway by. */
  readonly gateway: string;
  readonly servers: readonly ServedPort[];
  readonly counts: Pick<SetupCounts, 'add'>;
}

const AUTOCONFIG = new Set(['/.well-known/autoconfig/mail/config-v1.1.xml', '/mail/config-v1.1.xml']);
/** Programs write it in either case. */
const AUTODISCOVER = '/autodiscover/autodiscover.xml';
const DAV_PATHS = /^\/\.well-known\/(?:carddav|caldav)\/?$/;
const DAV_METHODS = new Set(['PROPFIND', 'REPORT', 'OPTIONS']);
/** Characters of the whole path: an address has 254, each of which may be escaped. */
const MOST = 1024;

export class MailSetup {
  readonly #parts: SetupParts;
  readonly #servers: readonly ServedPort[];

  constructor(parts: SetupParts) {
    this.#parts = parts;
    this.#servers = inOrder(portsForAll(parts.servers));
  }

  /** The answer; undefined: it is no question of a mail program. */
  async answer(request: IncomingMessage): Promise<Sent | undefined> {
    const { method = '', url = '' } = request;
    const [path = '', query = ''] = url.split('?', 2);
    if (DAV_PATHS.test(path) || DAV_METHODS.has(method)) return this.#sent('dav', 'none', 404);
    if (this.#parts.domains.length === 0) return undefined;
    const asks = method === 'GET' || method === 'HEAD';
    if (AUTOCONFIG.has(path))
      return asks && url.length <= MOST ? this.#autoconfig(request, query) : this.#sent('autoconfig', 'malformed', 400);
    const folded = path.toLowerCase();
    if (!folded.startsWith('/autodiscover/')) return undefined;
    return method === 'POST' && folded === AUTODISCOVER
      ? await this.#autodiscover(request)
      : this.#sent('autodiscover', 'none', 404);
  }

  /** Answers for the domain of the address, or for the one that was asked by name. */
  #autoconfig({ headers: { host = '' } }: IncomingMessage, query: string): Sent {
    const address = new URLSearchParams(query).get('emailaddress');
    const domain = this.#ours(address === null ? host.replace(/^autoconfig\.|:\d+$/gi, '') : domainOf(address));
    if (domain === undefined) return this.#sent('autoconfig', 'foreign', 404);
    const { gateway } = this.#parts;
    return this.#sent('autoconfig', 'given', 200, autoconfig({ domain, gateway, servers: this.#servers }));
  }

  async #autodiscover(request: IncomingMessage): Promise<Sent> {
    const body = await readBody(request);
    if (!body.ok) return this.#sent('autodiscover', 'malformed', body.error === 'too-large' ? 413 : 400);
    const asked = readDiscover(body.value.toString('utf8'));
    if (asked === undefined) return this.#sent('autodiscover', 'malformed', 200, discoverError(600));
    if (asked.schema !== OUTLOOK) return this.#sent('autodiscover', 'none', 200, discoverError(601));
    if (this.#ours(domainOf(asked.address)) === undefined) return this.#sent('autodiscover', 'foreign', 404);
    return this.#sent('autodiscover', 'given', 200, discovered(asked.address, this.#servers));
  }

  #ours(domain: string): string | undefined {
    const folded = domain.toLowerCase();
    const { domains } = this.#parts;
    return domains.find((one) => one === folded || one === domainToASCII(folded));
  }

  #sent(form: SetupForm, outcome: SetupOutcome, status: number, body?: string): Sent {
    this.#parts.counts.add([form, outcome]);
    const type = body === undefined ? 'text/plain; charset=utf-8' : 'text/xml; charset=utf-8';
    return {
      status,
      headers: { ...PAGE_HEADERS, 'content-type': type, 'cache-control': NOT_KEPT },
      body: body ?? '',
      page: form,
    };
  }
}

const domainOf = (address: string): string => address.slice(address.lastIndexOf('@') + 1);
