/**
 * The pages of accounts as a site. The visitor is looked up again with each request: another
 * password, a suspension, an end, another way to log in or another listener ends the session at
 * once.
 */
import type { IncomingMessage } from 'node:http';
import type { Call } from '../../admin/call.ts';
import { runOperation } from '../../admin/operations.ts';
import { type Peer, mayEnter } from '../../auth/authenticator.ts';
import { passwordStands, validPasswords } from '../../auth/candidates.ts';
import { loginPolicy } from '../../auth/certificate-login.ts';
import { namedIn } from '../../web/core/cookies.ts';
import type { AskedBy } from '../../web/core/page.ts';
import { type About, type Sent, Serving } from '../../web/core/serve.ts';
import { frame } from '../../web/look/frame.ts';
import { formToken } from '../../crypto/keys/console-secrets.ts';
import { addressKey, parseAddress } from '../../domain/address.ts';
import { SEEN_STEP } from '../../domain/console.ts';
import { defined } from '../../domain/defined.ts';
import { SELF_SERVICE_IDLE, SELF_SERVICE_LONGEST } from '../../domain/self-service.ts';
import type { Html } from '../../http/html.ts';
import type { Guest } from '../../http/tls-listener.ts';
import { fingerprintOf, shownChain } from '../../platform/client-certificate.ts';
import { rangeOf } from '../../platform/network.ts';
import { tlsLine } from '../../platform/tls-line.ts';
import type { LoginRecord } from '../../store/registry.ts';
import type { SelfServiceSession } from '../../store/self-service.ts';
import { SESSION } from '../login/cookies.ts';
import type { Asked, Services, Visitor } from './page.ts';
import { FRAME, PROBLEMS } from './words.ts';

const TIMES = { idle: SELF_SERVICE_IDLE, longest: SELF_SERVICE_LONGEST };

export class SelfServing extends Serving<Visitor, Asked, Services> {
  protected readonly session = SESSION;
  protected readonly problems = PROBLEMS;

  /**
   * Mail programs come by other names than the pages have, and before anything is asked of a
   * visitor.
   */
  override async answer(request: IncomingMessage, guest: Guest): Promise<Sent> {
    return (await this.services.setup.answer(request)) ?? (await super.answer(request, guest));
  }

  protected async visitorOf(secret: string, hash: Buffer, guest: Guest): Promise<Visitor | undefined> {
    const { store, clock, logIn } = this.services;
    const session = await store.selfService.session(hash, TIMES);
    if (session === undefined) return undefined;
    if (session.network !== rangeOf(guest.address)) {
      await logIn.ended(session, 'used from another network', guest.network);
      return undefined;
    }
    const record = await store.registry.findLogin(session.login);
    if (record === undefined || !(await this.#stands(session, record, this.#peer(guest)))) {
      await logIn.ended(session, 'its login is no longer valid');
      return undefined;
    }
    const now = clock.now();
    if (session.seenAt + SEEN_STEP <= now) await store.selfService.seen(session.id, now);
    return { session, record, token: formToken(secret), isContact: await this.#isContact(record) };
  }

  async #stands(session: SelfServiceSession, record: LoginRecord, peer: Peer): Promise<boolean> {
    const used = { name: session.password, createdAt: session.passwordAt };
    const valid = validPasswords(record, this.services.clock.now());
    if (record.account.id !== session.account || record.account.state !== 'active') return false;
    if (!passwordStands(record, used) || !valid.some(({ name }) => name === used.name)) return false;
    if (!mayEnter(peer, session.login) || loginPolicy(record) === 'certificate') return false;
    if (session.certificate === undefined) return true;
    const [leaf] = peer.certificate ?? [];
    return (
      leaf !== undefined &&
      fingerprintOf(leaf) === session.certificate &&
      (await this.services.authenticator.certificateHolds(session.account, peer))
    );
  }

  async #isContact({ account, organisation }: LoginRecord): Promise<boolean> {
    const contact = parseAddress((organisation.contact ?? '').trim());
    const found = contact.ok ? await this.services.store.registry.findRecipient(addressKey(contact.value)) : undefined;
    return found?.account.id === account.id && found.partner === undefined;
  }

  protected mayOpen({ isContact }: Visitor, access: string): boolean {
    return access === 'contact' && isContact;
  }

  protected askedWith(base: AskedBy<Visitor>, guest: Guest, path: string): Asked {
    const { visitor } = base;
    const operate: Asked['operate'] = (name, input) => {
      if (visitor === undefined) throw new Error(`The page ${path} runs ${name} for nobody`);
      return runOperation(name, base.admin, input, callOf(visitor, guest), this.services.log);
    };
    const cookies = namedIn(base.headers.cookie);
    return Object.assign(base, { operate, peer: this.#peer(guest), cookie: (name: string) => cookies.get(name) });
  }

  #peer({ socket, session, address, network }: Guest): Peer {
    const certificate = shownChain(socket);
    const line = (): ReturnType<NonNullable<Peer['line']>> => tlsLine(socket) ?? {};
    const { access } = this.services;
    return { session, protocol: 'https', address, network, line, ...defined({ certificate, access }) };
  }

  protected framed({ language, title, visitor }: About<Visitor>, body: Html): string {
    const { gateway, helpdesk } = this.services;
    const links = FRAME[language].links.filter(([path]) => path !== '/organisation' || visitor?.isContact === true);
    const who = visitor && { name: visitor.record.account.login, token: visitor.token };
    return frame({ language, title, gateway, helpdesk, links, ...defined({ who }) }, body);
  }

  protected nameOf({ record }: Visitor): string {
    return record.account.id.toString();
  }
}

const callOf = ({ record: { account, organisation }, isContact }: Visitor, { signal }: Guest): Call => ({
  actor: { name: account.login },
  who: {
    role: 'read',
    proof: 'log-in',
    account: account.login,
    ...(isContact && { organisation: organisation.name }),
  },
  gone: signal,
  progress: () => undefined,
});
