/**
 * Serves one request of a site of pages, from its first octet to the answer. The console is such a
 * site (console/core/console-serving.ts).
 *
 * The order of the checks decides what a stranger can learn. First come the form of the request,
 * the host, the path and the method, and where a form comes from. Then: who is logged in, and
 * whether he may open the page; the token of the form; whether he has proven himself lately. Only
 * then does the page run. A visitor who is not logged in is sent to the login, even if no such page
 * exists. So nobody learns which paths there are.
 */
import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import type { AdminContext } from '../../admin/context.ts';
import { AdminError } from '../../admin/error.ts';
import { readHead } from '../../api/core/head.ts';
import { Problem } from '../../api/core/problem.ts';
import { isFormToken, sessionHash } from '../../crypto/keys/console-secrets.ts';
import { defined } from '../../domain/defined.ts';
import type { Clock } from '../../domain/effects.ts';
import type { Language } from '../../domain/registry.ts';
import { type FileForm, readFileForm } from '../../http/file-form.ts';
import { type Fields, type FormFault, readForm } from '../../http/form.ts';
import type { Html } from '../../http/html.ts';
import { languageOf } from '../../http/reader.ts';
import type { Guest } from '../../http/tls-listener.ts';
import { fingerprintOf, holdsAt, shownChain } from '../../platform/client-certificate.ts';
import { rangeOf } from '../../platform/network.ts';
import { problemOf, problemPage, type OwnProblems, type ProblemName } from '../look/problem.ts';
import { type Shown, cookiesIn, noSecretCookie } from './cookies.ts';
import { PAGE_HEADERS, KEPT, NOT_KEPT } from './headers.ts';
import { type AskedBy, type Download, type PageFor, type Reply, type Someone, localPath } from './page.ts';
import type { Router } from './router.ts';

export interface Sent {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  readonly body: string | Download['pieces'];
  /**
   * The path of the page as it was declared. It goes into the log, because it has no names of
   * persons.
   */
  readonly page?: string;
  /** Name of the operator, or login of the account, that asked. */
  readonly by?: string;
}

/** What a site needs, whoever visits it. */
export interface SiteParts {
  /**
   * The address of the site as browsers write it: scheme, host and port, without a slash at the
   * end.
   */
  readonly origin: string;
  readonly clock: Clock;
  /** Undefined in the first moments of a start. */
  readonly admin: () => AdminContext | undefined;
}

/** What the frame of a page shows beside its body. */
export interface About<V> {
  readonly language: Language;
  readonly title: string;
  readonly visitor?: V;
}

/** What the checks need to know of a page of any site. */
type PageFacts = Pick<PageFor<never, never, string>, 'path' | 'access' | 'proven'>;

interface Seen<V> {
  readonly language: Language;
  readonly visitor?: V;
  readonly page?: PageFacts;
}

const FAULTS: Readonly<Record<FormFault, readonly [number, ProblemName]>> = {
  'too-large': [413, 'large'],
  type: [415, 'malformed'],
  malformed: [400, 'malformed'],
  gone: [400, 'malformed'],
};

/** Most files that are received at the same time: each may be large. */
const FILES_AT_ONCE = 2;

/** Ends the request with a page that says why. */
class Stopped extends Error {
  readonly status: number;
  readonly why: ProblemName;
  readonly detail: string | undefined;
  constructor(status: number, why: ProblemName, detail?: string) {
    super(why);
    this.status = status;
    this.why = why;
    this.detail = detail;
  }
}

/** A site as the listener sees it, which need not know which site it is. */
export type AnyServing = Pick<Serving<Someone, AskedBy<Someone>, SiteParts>, 'answer' | 'failed'>;

/**
 * A site. `V`: who may be logged in. `A`: what a request tells its pages. `S`: what the pages work
 * with.
 */
export abstract class Serving<V extends Someone, A extends AskedBy<V>, S extends SiteParts> {
  readonly #router: Router<PageFor<A, S, string>>;
  protected readonly services: S;
  /** Number of files that are being received now. */
  #files = 0;
  /** Name of the cookie that keeps a browser logged in. */
  protected abstract readonly session: string;
  /** The site's own words on pages that say why something was not done. */
  protected abstract readonly problems: OwnProblems;
  /** Path to which a visitor who is not logged in is sent; undefined if this site has no login. */
  protected readonly entrance: string | undefined = '/login';
  /**
   * What links to paths of ours begin with. With a dot they are relative: all pages lie side by
   * side, perhaps below a path of a proxy.
   */
  protected readonly root: '' | '.' = '';

  constructor(router: Router<PageFor<A, S, string>>, services: S) {
    this.#router = router;
    this.services = services;
  }

  /** The visitor whose session cookie has the value `secret`. `hash` is the hash of that value. */
  protected abstract visitorOf(secret: string, hash: Buffer, guest: Guest): Promise<V | undefined>;
  /**
   * True if the visitor may open a page with this access. It is asked only for pages that need more
   * than a session.
   */
  protected abstract mayOpen(visitor: V, access: string): boolean;
  /**
   * Adds to `base` what the pages of this site are told besides. It must extend that very object
   * and not copy it: some of its properties are getters, which work only when a page reads them.
   */
  protected abstract askedWith(base: AskedBy<V>, guest: Guest, path: string): A;
  protected abstract framed(about: About<V>, body: Html): string;
  /** Name of a visitor for the log. */
  protected abstract nameOf(visitor: V): string;

  /** True if the visitor must prove who he is once more, for a page that asks for it. */
  protected isLate(_visitor: V): boolean {
    return false;
  }

  /**
   * Checks the proof that came with a form of such a page. Undefined if the proof is right; else
   * the reply that asks for it.
   */
  protected proveAgain(_asked: A, _path: string, _typed: Readonly<Record<string, string>>): Promise<Reply | undefined> {
    return Promise.resolve(undefined);
  }

  /**
   * True if the request names this site as its host. Another name that leads here belongs to
   * somebody else who pointed it at us.
   */
  protected isOwnHost({ host = '' }: IncomingHttpHeaders): boolean {
    return `https://${host.toLowerCase()}` === this.services.origin;
  }

  /**
   * True if a form comes from our own pages. Every browser of today says where a form comes from,
   * so a form that does not say it is refused.
   */
  protected isOwnForm({ origin, 'sec-fetch-site': site }: IncomingHttpHeaders): boolean {
    return origin === this.services.origin && (site === undefined || site === 'same-origin');
  }

  /** Answers a request. Rejects if an error is unexpected; the caller then answers 500. */
  async answer(request: IncomingMessage, guest: Guest): Promise<Sent> {
    const shown = cookiesIn(request.headers.cookie, this.session);
    let seen: Seen<V> = { language: shown.language ?? languageOf(request.headers['accept-language']) };
    try {
      return await this.#answer(request, guest, shown, seen, (now) => (seen = now));
    } catch (error) {
      if (error instanceof Problem) return this.#problem(seen, error.status, 'malformed');
      if (error instanceof Stopped) return this.#problem(seen, error.status, error.why, error.detail);
      if (error instanceof AdminError) {
        const { status, why } = problemOf(error.kind);
        return this.#problem(seen, status, why, error.message);
      }
      throw error;
    }
  }

  /** The answer to an error that nobody expected. */
  failed(request: IncomingMessage): Sent {
    return this.#problem({ language: languageOf(request.headers['accept-language']) }, 500, 'failed');
  }

  async #answer(
    request: IncomingMessage,
    guest: Guest,
    shown: Shown,
    first: Seen<V>,
    now: (seen: Seen<V>) => void,
  ): Promise<Sent> {
    const head = readHead(request);
    if (!this.isOwnHost(head.headers)) throw new Stopped(421, 'host');
    const match = this.#router.match(head.method, head.path);
    if (match.kind === 'page' && match.page.isFile === true)
      return this.#send(await match.page.run(this.#asked(head, guest, first, match.params), this.services), first);
    if (head.method === 'POST' && !this.isOwnForm(head.headers)) throw new Stopped(403, 'origin');
    const context = this.services.admin();
    if (context === undefined) throw new Stopped(503, 'starting');
    const visitor = await this.#visitor(shown, guest);
    const { language } = first;
    const seen: Seen<V> = {
      language,
      ...defined({ visitor, page: match.kind === 'page' ? match.page : undefined }),
    };
    now(seen);
    const forNobody = match.kind === 'page' && match.page.access === 'nobody';
    const { entrance } = this;
    if (visitor === undefined && !forNobody && entrance !== undefined) {
      const to = head.method === 'GET' ? localPath(target(head)) : '/';
      const cookies = shown.secret === undefined ? [] : [noSecretCookie(this.session)];
      return this.#send(
        { kind: 'see', to: to === '/' ? entrance : `${entrance}?to=${encodeURIComponent(to)}`, cookies },
        seen,
      );
    }
    if (match.kind === 'none') throw new Stopped(404, 'missing');
    if (match.kind === 'method') throw new Stopped(405, 'method');
    const { page, params } = match;
    const { access } = page;
    if (visitor !== undefined && access !== 'nobody' && access !== 'session' && !this.mayOpen(visitor, access))
      throw new Stopped(403, 'forbidden');
    const late = page.proven === true && visitor !== undefined && this.isLate(visitor);
    if (late && head.method !== 'POST')
      return this.#send({ kind: 'see', to: `/prove?to=${encodeURIComponent(localPath(target(head)))}` }, seen);
    const form = head.method === 'POST' ? await this.#form(request, page) : undefined;
    const fields = form?.fields;
    if (fields !== undefined && visitor !== undefined && access !== 'nobody')
      if (!isFormToken(shown.secret ?? '', textIn(fields, 'token'))) throw new Stopped(403, 'form');
    const asked = this.#asked(head, guest, seen, params, form, context);
    const asksFirst = late ? await this.proveAgain(asked, head.path, typedIn(fields)) : undefined;
    return this.#send(asksFirst ?? (await page.run(asked, this.services)), seen);
  }

  async #form(request: IncomingMessage, { takesFile }: Pick<PageFor<A, S, string>, 'takesFile'>): Promise<FileForm> {
    if (takesFile === undefined) return { fields: await readFields(request) };
    if (this.#files >= FILES_AT_ONCE) throw new Stopped(503, 'unavailable');
    this.#files += 1;
    const read = await readFileForm(request, takesFile).finally(() => (this.#files -= 1));
    if (read.ok) return read.value;
    throw read.error === 'too-large' ? new Stopped(413, 'largeFile') : new Stopped(...FAULTS[read.error]);
  }

  /** The visitor, or undefined if nobody is logged in. */
  async #visitor({ secret }: Shown, guest: Guest): Promise<V | undefined> {
    const hash = secret === undefined ? undefined : sessionHash(secret);
    return secret === undefined || hash === undefined ? undefined : await this.visitorOf(secret, hash, guest);
  }

  #asked(
    head: ReturnType<typeof readHead>,
    guest: Guest,
    { language, visitor }: Seen<V>,
    params: AskedBy<V>['params'],
    form?: FileForm,
    context?: AdminContext,
  ): A {
    const { clock } = this.services;
    const { session } = this;
    const adminOf = (): AdminContext => {
      if (context === undefined) throw new Stopped(503, 'starting');
      return context;
    };
    const base: AskedBy<V> = {
      params,
      language,
      ...defined({ visitor }),
      query: new URLSearchParams(head.query),
      field: (name) => (form === undefined ? '' : textIn(form.fields, name)),
      octets: (name) => form?.fields.get(name) ?? NOTHING,
      ...defined({ file: form?.file }),
      headers: head.headers,
      away: cookiesIn(head.headers.cookie, session).away,
      now: clock.now(),
      get admin() {
        return adminOf();
      },
      get certificate() {
        const [leaf] = shownChain(guest.socket) ?? [];
        return leaf !== undefined && holdsAt(leaf, clock.now()) ? fingerprintOf(leaf) : undefined;
      },
      session: guest.session,
      address: guest.address,
      network: guest.network,
      range: rangeOf(guest.address),
      signal: guest.signal,
    };
    return this.askedWith(base, guest, head.path);
  }

  #problem(seen: Seen<V>, status: number, why: ProblemName, detail?: string): Sent {
    return this.#send(problemPage(seen.language, status, why, { own: this.problems, root: this.root }, detail), seen);
  }

  #send(reply: Reply, { language, visitor, page }: Seen<V>): Sent {
    const told = defined({ page: page?.path, by: visitor && this.nameOf(visitor) });
    switch (reply.kind) {
      case 'see':
      case 'away':
        return {
          status: 303,
          headers: {
            ...PAGE_HEADERS,
            location: reply.to,
            'cache-control': NOT_KEPT,
            ...setting(reply.cookies),
          },
          body: '',
          ...told,
        };
      case 'file':
        return {
          status: 200,
          headers: { ...PAGE_HEADERS, 'content-type': reply.type, 'cache-control': KEPT },
          body: reply.text,
          ...told,
        };
      case 'download':
        return {
          status: 200,
          headers: {
            ...PAGE_HEADERS,
            'content-type': reply.type,
            'content-disposition': `attachment; filename="${reply.name}"`,
            'cache-control': NOT_KEPT,
          },
          body: reply.pieces,
          ...told,
        };
      case 'page': {
        const about = { language, ...defined({ visitor }), title: reply.title };
        return {
          status: reply.status ?? 200,
          headers: {
            ...PAGE_HEADERS,
            'content-type': 'text/html; charset=utf-8',
            'cache-control': NOT_KEPT,
            'content-language': language,
            vary: 'accept-language, cookie',
            ...setting(reply.cookies),
            ...(reply.refresh !== undefined && { refresh: `0; url=${reply.refresh}` }),
            ...(reply.again !== undefined && { refresh: String(reply.again) }),
          },
          body: this.framed(about, reply.body),
          ...told,
        };
      }
    }
  }
}

const NOTHING = Buffer.alloc(0);

const setting = (cookies: readonly string[] = []): OutgoingHttpHeaders =>
  cookies.length === 0 ? {} : { 'set-cookie': [...cookies] };

const target = ({ path, query }: ReturnType<typeof readHead>): string => (query === '' ? path : `${path}?${query}`);

async function readFields(request: IncomingMessage): Promise<Fields> {
  const read = await readForm(request);
  if (read.ok) return read.value;
  throw new Stopped(...FAULTS[read.error]);
}

/** All that was typed in a form, to be sent along with the proof by passkey. */
const typedIn = (fields: Fields = new Map()): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [...fields].filter(([name]) => name !== 'credential').map(([name, value]) => [name, value.toString('utf8')]),
  );

const textIn = (fields: Fields, name: string): string => fields.get(name)?.toString('utf8') ?? '';
