/**
 * One request of the console, from its first octet to the answer.
 *
 * The order is that of what it tells: form, host, path and method; where a form comes from; who is logged in, and whether he may; the token of the
 * form; whether the key was touched of late; and only then the page. A page behind a log-in answers whoever is not logged in with the way there, also where it does not exist: nobody learns which paths there are.
 */
import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { type AdminContext, AdminError, type Call } from '../../admin/context.ts';
import { runOperation } from '../../admin/operations.ts';
import { readHead } from '../../api/core/head.ts';
import { Problem } from '../../api/core/problem.ts';
import { formToken, isFormToken, sessionHash } from '../../crypto/console-secrets.ts';
import { STEP_UP_LIFE, SEEN_STEP } from '../../domain/console.ts';
import { defined } from '../../domain/defined.ts';
import type { Language } from '../../domain/registry.ts';
import { mayDo } from '../../domain/roles.ts';
import { type FileForm, readFileForm } from '../../http/file-form.ts';
import { type Fields, type FormFault, readForm } from '../../http/form.ts';
import { languageOf } from '../../http/page-headers.ts';
import type { Guest } from '../../http/tls-listener.ts';
import { fingerprintOf, holdsAt, shownChain } from '../../platform/client-certificate.ts';
import { rangeOf } from '../../platform/network.ts';
import { proveAgain } from '../login/step-up.ts';
import { frame } from '../look/frame.ts';
import { problemOf, problemPage, type ProblemName } from '../look/problem.ts';
import { type Shown, cookiesIn, noSessionCookie } from './cookies.ts';
import { CONSOLE_HEADERS, KEPT, NOT_KEPT } from './headers.ts';
import { type Along, type Asked, type Download, type Page, type Reply, type Visitor, localPath } from './page.ts';
import type { Router } from './router.ts';
import type { ConsoleServices } from './services.ts';

export interface Sent {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  readonly body: string | Download['pieces'];
  /** As it was declared; for the log, which has nobody's names. */
  readonly page?: string;
  readonly operator?: string;
}

interface Seen {
  readonly language: Language;
  readonly visitor?: Visitor;
  readonly page?: Page;
}

const FAULTS: Readonly<Record<FormFault, readonly [number, ProblemName]>> = {
  'too-large': [413, 'large'],
  type: [415, 'malformed'],
  malformed: [400, 'malformed'],
  gone: [400, 'malformed'],
};

/** Files that are read at a time: each may be large. */
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

export class Serving {
  readonly #router: Router;
  readonly #services: ConsoleServices;
  /** Under way. */
  #files = 0;

  constructor(router: Router, services: ConsoleServices) {
    this.#router = router;
    this.#services = services;
  }

  /** Rejects for what nobody expected; the caller answers 500. */
  async answer(request: IncomingMessage, guest: Guest): Promise<Sent> {
    const shown = cookiesIn(request.headers.cookie);
    let seen: Seen = { language: shown.language ?? languageOf(request.headers['accept-language']) };
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

  /** For whatever nobody expected. */
  failed(request: IncomingMessage): Sent {
    return this.#problem({ language: languageOf(request.headers['accept-language']) }, 500, 'failed');
  }

  async #answer(
    request: IncomingMessage,
    guest: Guest,
    shown: Shown,
    first: Seen,
    now: (seen: Seen) => void,
  ): Promise<Sent> {
    const { origin, admin, clock } = this.#services;
    const head = readHead(request);
    // A name that leads here and is not ours: a page of somebody else, whose name was pointed at us.
    if (`https://${(head.headers.host ?? '').toLowerCase()}` !== origin) throw new Stopped(421, 'host');
    const match = this.#router.match(head.method, head.path);
    if (match.kind === 'page' && match.page.isFile === true)
      return this.#send(await match.page.run(this.#asked(head, guest, first, match.params), this.#services), first);
    if (head.method === 'POST') refuseForeign(head.headers, origin);
    const context = admin();
    if (context === undefined) throw new Stopped(503, 'starting');
    const visitor = await this.#visitor(shown, guest);
    const { language } = first;
    const seen: Seen = {
      language,
      ...defined({ visitor, page: match.kind === 'page' ? match.page : undefined }),
    };
    now(seen);
    const forNobody = match.kind === 'page' && match.page.access === 'nobody';
    if (visitor === undefined && !forNobody) {
      const to = head.method === 'GET' ? localPath(target(head)) : '/';
      const cookies = shown.secret === undefined ? [] : [noSessionCookie()];
      return this.#send(
        { kind: 'see', to: to === '/' ? '/login' : `/login?to=${encodeURIComponent(to)}`, cookies },
        seen,
      );
    }
    if (match.kind === 'none') throw new Stopped(404, 'missing');
    if (match.kind === 'method') throw new Stopped(405, 'method');
    const { page, params } = match;
    const { access } = page;
    if (
      visitor !== undefined &&
      access !== 'nobody' &&
      access !== 'session' &&
      !mayDo(visitor.session.holder.role, access)
    )
      throw new Stopped(403, 'forbidden');
    const late =
      page.proven === true && visitor !== undefined && visitor.session.provenAt + STEP_UP_LIFE <= clock.now();
    if (late && head.method !== 'POST')
      return this.#send({ kind: 'see', to: `/prove?to=${encodeURIComponent(localPath(target(head)))}` }, seen);
    const form = head.method === 'POST' ? await this.#form(request, page) : undefined;
    const fields = form?.fields;
    if (fields !== undefined && visitor !== undefined && access !== 'nobody')
      if (!isFormToken(shown.secret ?? '', textIn(fields, 'token'))) throw new Stopped(403, 'form');
    const asked = this.#asked(head, guest, seen, params, form, context);
    const asksFirst = late ? await proveAgain(asked, this.#services, head.path, typedIn(fields)) : undefined;
    return this.#send(asksFirst ?? (await page.run(asked, this.#services)), seen);
  }

  async #form(request: IncomingMessage, { takesFile }: Page): Promise<FileForm> {
    if (takesFile === undefined) return { fields: await readFields(request) };
    if (this.#files >= FILES_AT_ONCE) throw new Stopped(503, 'unavailable');
    this.#files += 1;
    const read = await readFileForm(request, takesFile).finally(() => (this.#files -= 1));
    if (read.ok) return read.value;
    throw read.error === 'too-large' ? new Stopped(413, 'largeFile') : new Stopped(...FAULTS[read.error]);
  }

  /** Undefined: nobody is logged in. */
  async #visitor({ secret }: Shown, guest: Guest): Promise<Visitor | undefined> {
    const { store, times, clock, logIns } = this.#services;
    const hash = secret === undefined ? undefined : sessionHash(secret);
    if (secret === undefined || hash === undefined) return undefined;
    const session = await store.console.session(hash, times);
    if (session === undefined) return undefined;
    if (session.network !== rangeOf(guest.address)) {
      await logIns.ranAway(session, guest.network);
      return undefined;
    }
    const now = clock.now();
    if (session.seenAt + SEEN_STEP <= now) await store.console.seen(session.id, now);
    return { session, token: formToken(secret) };
  }

  #asked(
    head: ReturnType<typeof readHead>,
    guest: Guest,
    { language, visitor }: Seen,
    params: Asked['params'],
    form?: FileForm,
    context?: AdminContext,
  ): Asked {
    const { clock, log } = this.#services;
    const adminOf = (): AdminContext => {
      if (context === undefined) throw new Stopped(503, 'starting');
      return context;
    };
    return {
      params,
      language,
      ...defined({ visitor }),
      query: new URLSearchParams(head.query),
      field: (name) => (form === undefined ? '' : textIn(form.fields, name)),
      ...defined({ file: form?.file }),
      headers: head.headers,
      ...defined({ away: cookiesIn(head.headers.cookie).away }),
      now: clock.now(),
      get admin() {
        return adminOf();
      },
      get certificate() {
        const [leaf] = shownChain(guest.socket) ?? [];
        return leaf !== undefined && holdsAt(leaf, clock.now()) ? fingerprintOf(leaf) : undefined;
      },
      address: guest.address,
      network: guest.network,
      range: rangeOf(guest.address),
      signal: guest.signal,
      operate: (name, input, reason, along) => {
        if (visitor === undefined) throw new Error(`The page ${head.path} runs ${name} for nobody`);
        return runOperation(name, adminOf(), input, callOf(visitor, guest, reason, along), log);
      },
      may: (right) => visitor !== undefined && mayDo(visitor.session.holder.role, right),
    };
  }

  #problem(seen: Seen, status: number, why: ProblemName, detail?: string): Sent {
    return this.#send(problemPage(seen.language, status, why, detail), seen);
  }

  #send(reply: Reply, { language, visitor, page }: Seen): Sent {
    const told = defined({ page: page?.path, operator: visitor?.session.operator });
    switch (reply.kind) {
      case 'see':
      case 'away':
        return {
          status: 303,
          headers: {
            ...CONSOLE_HEADERS,
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
          headers: { ...CONSOLE_HEADERS, 'content-type': reply.type, 'cache-control': KEPT },
          body: reply.text,
          ...told,
        };
      case 'download':
        return {
          status: 200,
          headers: {
            ...CONSOLE_HEADERS,
            'content-type': reply.type,
            'content-disposition': `attachment; filename="${reply.name}"`,
            'cache-control': NOT_KEPT,
          },
          body: reply.pieces,
          ...told,
        };
      case 'page': {
        const { gateway, helpdesk } = this.#services;
        const about = { language, gateway, helpdesk, ...defined({ visitor }), title: reply.title };
        return {
          status: reply.status ?? 200,
          headers: {
            ...CONSOLE_HEADERS,
            'content-type': 'text/html; charset=utf-8',
            'cache-control': NOT_KEPT,
            'content-language': language,
            vary: 'accept-language, cookie',
            ...setting(reply.cookies),
            ...(reply.refresh !== undefined && { refresh: `0; url=${reply.refresh}` }),
            ...(reply.again !== undefined && { refresh: String(reply.again) }),
          },
          body: frame(about, reply.body),
          ...told,
        };
      }
    }
  }
}

const setting = (cookies: readonly string[] = []): OutgoingHttpHeaders =>
  cookies.length === 0 ? {} : { 'set-cookie': [...cookies] };

const target = ({ path, query }: ReturnType<typeof readHead>): string => (query === '' ? path : `${path}?${query}`);

function callOf({ session: { holder, means } }: Visitor, { signal }: Guest, reason?: string, along: Along = {}): Call {
  const { name, role, organisation } = holder;
  return {
    actor: { name, ...defined({ reason }) },
    who: { role, proof: means, ...defined({ organisation }) },
    gone: signal,
    progress: () => undefined,
    ...along,
  };
}

/** A form of a page that is not ours. Browsers say where a form comes from; what does not say so is no browser of today. */
function refuseForeign({ origin, 'sec-fetch-site': site }: IncomingMessage['headers'], own: string): void {
  if (origin !== own || (site !== undefined && site !== 'same-origin')) throw new Stopped(403, 'origin');
}

async function readFields(request: IncomingMessage): Promise<Fields> {
  const read = await readForm(request);
  if (read.ok) return read.value;
  throw new Stopped(...FAULTS[read.error]);
}

/** What goes along with a touch of the key: all that was typed. */
const typedIn = (fields: Fields = new Map()): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [...fields].filter(([name]) => name !== 'credential').map(([name, value]) => [name, value.toString('utf8')]),
  );

const textIn = (fields: Fields, name: string): string => fields.get(name)?.toString('utf8') ?? '';
