/**
 * How a page of any site is declared: one object with its path, what it asks of whoever comes, and
 * what it answers. A site says who may be logged in, and what its pages work with
 * (`console/core/page.ts`, `self-service/core/page.ts`).
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { AdminContext } from '../../admin/context.ts';
import type { Language } from '../../domain/registry.ts';
import type { Instant } from '../../domain/units.ts';
import type { GivenFile } from '../../http/file-form.ts';
import type { Html } from '../../http/html.ts';

export type Reply =
  | {
      readonly kind: 'page';
      readonly status?: number;
      readonly title: string;
      readonly body: Html;
      readonly cookies?: readonly string[];
      /**
       * A path of ours that the browser goes to by itself: for who comes from elsewhere, along with
       * whom a redirect sends no cookie of ours.
       */
      readonly refresh?: string;
      /** Seconds until the browser asks for it again by itself: it tells of work that goes on. */
      readonly again?: number;
    }
  /** Leave, by GET, to where the configuration says. */
  | { readonly kind: 'away'; readonly to: string; readonly cookies: readonly string[] }
  /** Go there, by GET: a path of ours. */
  | { readonly kind: 'see'; readonly to: string; readonly cookies?: readonly string[] }
  | { readonly kind: 'file'; readonly type: string; readonly text: string }
  /**
   * To be kept by whoever asked, under that name. It is made while it is sent: what `pieces` throws
   * ends the connection, so that nobody takes a part for the whole.
   */
  | Download;

export interface Download {
  readonly kind: 'download';
  /** ASCII letters, digits, dots and hyphens. */
  readonly name: string;
  readonly type: string;
  readonly pieces: AsyncIterable<string | Uint8Array>;
}

/**
 * `A`: what the page is asked with. `S`: what it works with. `X`: the access that it may ask for.
 */
export interface PageFor<A, S, X extends string> {
  readonly method: 'GET' | 'POST';
  /** Parameters in braces: each is one segment. */
  readonly path: string;
  readonly access: X;
  /**
   * The key must have been touched within STEP_UP_LIFE; else whoever comes is asked to first.
   * Behind GET the page is shown then; behind POST what was typed goes along with the touch, and is
   * done. The field `credential` of a form is taken by it.
   */
  readonly proven?: true;
  /** Its form has a file of at most so many octets, which `asked.file` has then. */
  readonly takesFile?: number;
  /** The same for everybody, and named after its content, so it may be cached. */
  readonly isFile?: true;
  readonly run: (asked: A, services: S) => Promise<Reply> | Reply;
}

/** Who is logged in, at any site. */
export interface Someone {
  /** The token in the forms of this session. */
  readonly token: string;
}

/** What every page is asked with; `V`: who may be logged in. */
export interface AskedBy<V> {
  /** Parameters of the path, decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** Text of a form; empty for a field that there is not, and behind GET. */
  readonly field: (name: string) => string;
  /** The same, as it came: a small file is a field of a form too. */
  readonly octets: (name: string) => Buffer;
  /** The file, for a page that takes one. */
  readonly file?: GivenFile;
  readonly headers: IncomingHttpHeaders;
  /** Cookies of logins for which this browser was sent to an OpenID provider, by their marks. */
  readonly away: ReadonlyMap<string, string>;
  readonly language: Language;
  readonly now: Instant;
  /** Absent: nobody is logged in. */
  readonly visitor?: V;
  readonly admin: AdminContext;
  /** Id of the connection, as in the log. */
  readonly session: string;
  /** Of the peer: its address, its network, and the range that a session holds for. */
  readonly address: string;
  readonly network: string;
  readonly range: string;
  readonly signal: AbortSignal;
  /**
   * SHA-256 of the client certificate that the browser has shown, and that holds now; 64
   * hexadecimal digits.
   */
  readonly certificate?: string | undefined;
}

/** Throws for a page that is asked without a session: its declaration is wrong. */
export function visitorOf<V>({ visitor }: Pick<AskedBy<V>, 'visitor'>): V {
  if (visitor === undefined) throw new Error('A page that needs a session was reached without one');
  return visitor;
}

const LOCAL = /^\/(?![/\\])[A-Za-z0-9\-._~%/?=&@+]*$/;

/** Where somebody is sent after a login: a path of ours, whatever the link said. */
export const localPath = (text: string | null | undefined): string =>
  text !== null && text !== undefined && text.length <= 512 && LOCAL.test(text) ? text : '/';
