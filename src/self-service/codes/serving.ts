/**
 * The listener of codes: the pages of codes for browsers, and text and JSON for programs at the
 * same paths. Nobody logs in here, and no cookie is of any worth.
 *
 * It may be reached by other names than its own, and below a path of a proxy (`enrolment.page`): so
 * links go from page to page, and a form is of a page of ours where it comes from the very host
 * that it is sent to.
 */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { AskedBy, Someone } from '../../web/core/page.ts';
import { changeLanguage } from '../../web/core/language.ts';
import { Router } from '../../web/core/router.ts';
import { type About, type Sent, Serving } from '../../web/core/serve.ts';
import { filePages } from '../../web/look/files.ts';
import { frame } from '../../web/look/frame.ts';
import type { Html } from '../../http/html.ts';
import { isOwnOrigin } from '../../http/reader.ts';
import type { Guest } from '../../http/tls-listener.ts';
import { type CodePaths, type CodesServices, codePages, codesHome } from './pages.ts';
import { answerProgram } from './programs.ts';
import { CODES_PROBLEMS } from './words.ts';

type Asked = AskedBy<Someone>;

export class CodesServing extends Serving<Someone, Asked, CodesServices> {
  protected readonly session = '__Host-sluis-none';
  protected readonly problems = CODES_PROBLEMS;
  protected override readonly entrance = undefined;
  protected override readonly root = '.';

  constructor(services: CodesServices) {
    const at: CodePaths = { password: '/password', certificate: '/certificate', root: '.', logIn: services.logIn };
    super(new Router([...filePages, changeLanguage, codesHome(at), ...codePages(at)]), services);
  }

  override async answer(request: IncomingMessage, guest: Guest): Promise<Sent> {
    if (isOfBrowser(request)) return await super.answer(request, guest);
    const { session, address, network, signal } = guest;
    const visitor = { session, address, network, listener: this.services.listener };
    return await answerProgram(this.services, request, visitor, signal);
  }

  protected override isOwnHost(): boolean {
    return true;
  }

  protected override isOwnForm(headers: IncomingHttpHeaders): boolean {
    return isOwnOrigin(headers, this.services.page);
  }

  protected visitorOf(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  protected mayOpen(): boolean {
    return false;
  }

  protected askedWith(base: Asked): Asked {
    return base;
  }

  protected framed({ language, title }: About<Someone>, body: Html): string {
    const { gateway, helpdesk } = this.services;
    return frame({ language, title, gateway, helpdesk, links: [], root: this.root }, body);
  }

  protected nameOf(): string {
    return '';
  }
}

/**
 * A browser asks for HTML by name, curl for anything; the form and its files are the same for all.
 */
function isOfBrowser({ method = '', url = '', headers: { accept = '' } }: IncomingMessage): boolean {
  if (/\btext\/html\b/i.test(accept)) return true;
  return (method === 'GET' || method === 'HEAD') && /^\/(?:$|[?#]|files\/)/.test(url);
}
