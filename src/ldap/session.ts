/**
 * One LDAP session: answers requests. It knows no socket, and writes to its `LdapWire`.
 *
 * RFC 4511; RFC 4512 section 5.1 (root DSE); RFC 4532 (Who am I).
 */
import type { Authenticator, Peer } from '../auth/authenticator.ts';
import { defined } from '../domain/defined.ts';
import type { Log } from '../domain/effects.ts';
import type { AccountId } from '../domain/ids.ts';
import type { ShownChain } from '../platform/client-certificate.ts';
import type { AdmittedConnection } from '../platform/connections.ts';
import type { Registry } from '../store/port/registry.ts';
import { isAway } from '../submission/size-limits.ts';
import { type Attributes, SUFFIX, placeOf, selected } from './attributes.ts';
import { type BindingSession, type LoggedIn, bind } from './bind.ts';
import { compared, matches } from './filter.ts';
import type { LdapLimits } from './limits.ts';
import { PAGED, type Page, pageControl, readPage } from './paging.ts';
import { type Control, RESPONSE, type Request, type SearchRequest } from './requests.ts';
import { disconnection, entryResponse, extendedResponse, response } from './responses.ts';
import { type LdapResult, results } from './results.ts';
import { type SearchParts, SearchStopped, type Searched, search } from './search.ts';
import type { LdapWire } from './wire.ts';

export interface LdapSessionParts {
  readonly registry: Pick<Registry, 'findLogin' | 'onChange'>;
  readonly authenticator: Authenticator;
  readonly search: SearchParts;
  readonly limits: LdapLimits;
  readonly log: Log;
}

/** What the connection does once it has written the answer. */
export type Next = 'go on' | 'tls' | 'close';

const START_TLS = '1.3.6.1.4.1.1466.20037';
const WHO_AM_I = '1.3.6.1.4.1.4203.1.11.3';
/**
 * The control that shows references to other servers as entries. There are none here, so
 * it is accepted without effect: programs for administrators send it, marked as critical.
 */
const MANAGE_DSA_IT = '2.16.840.1.113730.3.4.2';

export class LdapSession implements BindingSession {
  readonly parts: LdapSessionParts;
  readonly wire: LdapWire;
  readonly place: AdmittedConnection;
  peer: Peer;
  login: LoggedIn | undefined;
  owner: AccountId | undefined;
  failedLogins = 0;
  searches = 0;
  entries = 0;

  constructor(parts: LdapSessionParts, wire: LdapWire, place: AdmittedConnection, peer: Peer) {
    this.parts = parts;
    this.wire = wire;
    this.place = place;
    this.peer = peer;
  }

  forget(): void {
    this.login = undefined;
  }

  /** The handshake is done; `certificate` is what the client showed in it. */
  secured(certificate: ShownChain | undefined): void {
    this.peer = { ...this.peer, ...defined({ certificate }) };
  }

  /** False once the certificate that the login rests on is no longer accepted. */
  async stands(): Promise<boolean> {
    if (this.login?.byCertificate !== true) return true;
    return await this.parts.authenticator.certificateHolds(this.login.account.id, this.peer);
  }

  /**
   * `signal`: aborted when the client abandons the request, which then has no answer. Rejects once
   * the peer has gone.
   */
  async answer(request: Request, signal: AbortSignal): Promise<Next> {
    const { id, operation, controls } = request;
    const { wire } = this;
    const unknown = controls.find(
      ({ oid, critical }) => critical && oid !== MANAGE_DSA_IT && !(oid === PAGED && operation.kind === 'search'),
    );
    switch (operation.kind) {
      case 'unbind':
        return 'close';
      case 'abandon':
        return 'go on';
      case 'malformed':
        await wire.send(response(id, operation.answer, operation.limit ? results.tooMuch : results.protocol));
        return 'go on';
      case 'refused':
        await wire.send(response(id, operation.answer, this.login === undefined ? results.needBind : results.readOnly));
        return 'go on';
      case 'bind': {
        const result = unknown === undefined ? await bind(this, operation) : results.control;
        await wire.send(response(id, RESPONSE.bind, result));
        if (this.failedLogins < this.parts.limits.failedLogins) return 'go on';
        await wire.send(disconnection(results.failedLogins));
        return 'close';
      }
      case 'extended':
        return await this.#extended(id, operation.oid);
      case 'search': {
        const answered = unknown === undefined ? await this.#search(id, operation, controls, signal) : NOT_KNOWN;
        if (answered !== undefined) {
          const { result, ...more } = answered;
          await wire.send(response(id, RESPONSE.searchDone, result, more));
        }
        return 'go on';
      }
    }
  }

  async #extended(id: number, oid: string): Promise<Next> {
    const { wire } = this;
    if (oid === START_TLS) {
      const result = wire.secure ? results.secureAlready : results.success;
      await wire.send(extendedResponse(id, result, START_TLS));
      return result === results.success ? 'tls' : 'go on';
    }
    const login = this.login?.account.login;
    if (oid !== WHO_AM_I) await wire.send(extendedResponse(id, results.unknownOperation));
    else await wire.send(extendedResponse(id, results.success, undefined, login === undefined ? '' : `u:${login}`));
    return 'go on';
  }

  async #search(
    id: number,
    request: SearchRequest,
    controls: readonly Control[],
    signal: AbortSignal,
  ): Promise<SearchAnswer | undefined> {
    if (request.scope === 'base' && placeOf(request.base).kind === 'root') return await this.#root(id, request);
    const { login, parts, wire, peer } = this;
    if (login === undefined) return { result: wire.secure ? results.needBind : results.needTls };
    const paged = controls.find(({ oid }) => oid === PAGED);
    const page = paged && readPage(paged);
    if (page?.ok === false) return { result: results.protocol };
    const { session } = peer;
    const { account: known } = login;
    this.searches += 1;
    try {
      // The account as it is now: settings that an operator changed hold for open sessions.
      const record = await parts.registry.findLogin(known.login);
      if (record?.account.id !== known.id) return { result: results.needBind };
      const { account, organisation } = record;
      const who = {
        id,
        session,
        account,
        organisation,
        signal,
        send: (pieces: readonly Buffer[]) => wire.send(...pieces),
      };
      const searched = await search(parts.search, request, page?.value, who);
      this.entries += searched.entries;
      return signal.aborted ? undefined : answerOf(searched, page?.value);
    } catch (error) {
      if (isAway(error)) return { result: results.unavailable };
      if (!(error instanceof SearchStopped)) throw error;
      return error.why === 'gone' ? undefined : { result: results.searchBusy };
    }
  }

  /**
   * Tells everybody what the server can do. Everything but its class is shown only if it is asked
   * for by name or by "+" (RFC 4512 section 5.1).
   */
  async #root(id: number, { filter, attributes, typesOnly }: SearchRequest): Promise<SearchAnswer> {
    const { secure } = this.wire;
    const mechanisms = secure ? await this.parts.authenticator.mechanisms(this.peer).catch(() => []) : [];
    const all: Attributes = new Map(
      Object.entries({
        objectclass: ['top'],
        namingcontexts: [SUFFIX],
        supportedldapversion: ['3'],
        supportedsaslmechanisms: mechanisms.filter((one) => one === 'EXTERNAL'),
        supportedextension: secure ? [WHO_AM_I] : [START_TLS, WHO_AM_I],
        supportedcontrol: [PAGED, MANAGE_DSA_IT],
        vendorname: ['Sluis'],
      }).filter(([, values]) => values.length > 0),
    );
    if (matches(filter, compared(all)) !== true) return { result: results.success };
    const shown = attributes.includes('+')
      ? all
      : selected(
          all,
          attributes.length === 0 || attributes.includes('*')
            ? [...attributes.filter((one) => one !== '*'), 'objectclass']
            : attributes,
        );
    await this.wire.send(entryResponse(id, '', shown, typesOnly));
    return { result: results.success };
  }
}

interface SearchAnswer {
  readonly result: LdapResult;
  readonly matched?: string;
  readonly controls?: readonly ReturnType<typeof pageControl>[];
}

const NOT_KNOWN: SearchAnswer = { result: results.control };

const answerOf = ({ result, matched, next }: Searched, page: Page | undefined): SearchAnswer => ({
  result,
  ...defined({ matched }),
  ...(page === undefined ? {} : { controls: [pageControl(next)] }),
});
