/**
 * How any site declares a page: one object with its path, who may open it, and what it answers.
 * Each site adds who can be logged in, and what its pages work with (`console/core/page.ts`,
 * `self-service/core/page.ts`).
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
       * A path of ours to which the browser goes by itself. It is for a visitor who comes from
       * another site: browsers send no `Strict` cookie along with a redirect from there, but they
       * do after this page.
       */
      readonly refresh?: string;
      /**
       * Seconds until the browser asks for the page again, for a page that shows work in progress.
       */
      readonly again?: number;
    }
  /** Sends the browser, by GET, to another site that the configuration names. */
  | { readonly kind: 'away'; readonly to: string; readonly cookies: readonly string[] }
  /** Sends the browser, by GET, to a path of ours. */
  | { readonly kind: 'see'; readonly to: string; readonly cookies?: readonly string[] }
  | { readonly kind: 'file'; readonly type: string; readonly text: string }
  /**
   * A file that the browser saves under `name`. It is made while it is sent. If `pieces` throws,
   * the connection ends, so that nobody takes a part for the whole.
   */
  | Download;

export interface Download {
  readonly kind: 'download';
  /** The name of the file: ASCII letters, digits, dots and hyphens. */
  readonly name: string;
  readonly type: string;
  readonly pieces: AsyncIterable<string | Uint8Array>;
}

/**
 * A page of a site. `A`: what a request tells the page. `S`: the services that the page works with.
 * `X`: the names of the access that it can ask for.
 */
export interface PageFor<A, S, X extends string> {
  readonly method: 'GET' | 'POST';
  /** May have parameters in braces. Each stands for one segment. */
  readonly path: string;
  readonly access: X;
  /**
   * The visitor must have proven himself with his passkey within `STEP_UP_LIFE`; otherwise he is
   * asked to do so first. After that a GET shows the page. A POST sends what was typed along with
   * the proof and is then carried out. The name `credential` is kept for that proof, so a form may
   * not have such a field.
   */
  readonly proven?: true;
  /** The form of this page has a file of at most so many octets; `asked.file` holds it. */
  readonly takesFile?: number;
  /**
   * The page is the same for everybody and its name changes with its content, so it may be cached.
   */
  readonly isFile?: true;
  readonly run: (asked: A, services: S) => Promise<Reply> | Reply;
}

/** Somebody who is logged in, at any site. */
export interface Someone {
  /** The token that the forms of this session must carry. */
  readonly token: string;
}

/** What a request tells every page. `V`: somebody who is logged in. */
export interface AskedBy<V> {
  /** Values of the parameters of the path, decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** Text of a field of the form; empty if there is no such field, and always empty for a GET. */
  readonly field: (name: string) => string;
  /** The octets of a field as they came: a small file is a field of the form too. */
  readonly octets: (name: string) => Buffer;
  /** The file, if the page takes one. */
  readonly file?: GivenFile;
  readonly headers: IncomingHttpHeaders;
  /**
   * Cookies of the logins for which this browser was sent to an OpenID provider, by their marks.
   */
  readonly away: ReadonlyMap<string, string>;
  readonly language: Language;
  readonly now: Instant;
  /** Who is logged in; absent if nobody is. */
  readonly visitor?: V;
  readonly admin: AdminContext;
  /** Id of the connection, as the log has it. */
  readonly session: string;
  /**
   * The address of the peer, its network, and the range of addresses that its session is bound to.
   */
  readonly address: string;
  readonly network: string;
  readonly range: string;
  readonly signal: AbortSignal;
  /**
   * SHA-256 of the client certificate that the browser has shown, in 64 hexadecimal digits. Absent
   * without a certificate, or if it is not valid now.
   */
  readonly certificate?: string | undefined;
}

/** Who is logged in. Throws if nobody is: a page that needs a session was declared wrongly. */
export function visitorOf<V>({ visitor }: Pick<AskedBy<V>, 'visitor'>): V {
  if (visitor === undefined) throw new Error('A page that needs a session was reached without one');
  return visitor;
}

const LOCAL = /^\/(?![/\\])[A-Za-z0-9\-._~%/?=&@+]*$/;

/** Where somebody is sent after a login. It is always a path of ours, whatever the link said. */
export const localPath = (text: string | null | undefined): string =>
  text !== null && text !== undefined && text.length <= 512 && LOCAL.test(text) ? text : '/';
