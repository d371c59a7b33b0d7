/**
 * How accounts get in: the password of the mail, judged by the very judge of mail logins, and then
 * a code by mail to somebody else of the organisation, or the account's client certificate. An app
 * password lets nobody in: it is one program's.
 */
import type { KeyObject } from 'node:crypto';
import type { AdminContext } from '../../admin/context.ts';
import { fileNotice } from '../../admin/notice.ts';
import type { AuthOutcome, Authenticator, Peer } from '../../auth/authenticator.ts';
import { newSession } from '../../web/login/new-session.ts';
import type { LogInNotes } from '../../web/login/notes.ts';
import type { From, Slowed, SlowedJudged } from '../../web/login/slowed.ts';
import { newSessionSecret, sessionHash } from '../../crypto/keys/console-secrets.ts';
import { mailedCodeHash, newMailedCode, readMailedCode, shownMailedCode } from '../../crypto/passwords/mailed-code.ts';
import type { RandomBytes } from '../../domain/effects.ts';
import { MAILED_LIFE } from '../../domain/self-service.ts';
import { type Instant, instant } from '../../domain/units.ts';
import { mailedCodeLetters } from '../../letters/self-service-code.ts';
import { fingerprintOf } from '../../platform/client-certificate.ts';
import type { Store } from '../../store/port/store.ts';
import type { SelfServiceSession, ShownLogIn } from '../../store/self-service.ts';

export interface LogInParts {
  readonly store: Pick<Store, 'selfService'>;
  readonly authenticator: Authenticator;
  /** Key of codes by mail. */
  readonly key: KeyObject;
  readonly random: RandomBytes;
  readonly slowed: Slowed;
  readonly notes: LogInNotes;
}

type Granted = Extract<AuthOutcome, { kind: 'granted' }>;

/**
 * `sent`: a code is on its way to this address, and the browser gets `secret`. `nowhere`: there is
 * nobody else of the organisation who could read one. `often`: too many were sent within the hour.
 */
export type Entered =
  | { readonly kind: 'in'; readonly secret: string }
  | { readonly kind: 'sent'; readonly secret: string; readonly to: string }
  | { readonly kind: 'refused' | 'busy' | 'nowhere' | 'often' };

export class SelfServiceLogIn {
  readonly #p: LogInParts;

  constructor(parts: LogInParts) {
    this.#p = parts;
  }

  async password(
    shown: { readonly login: string; readonly password: string },
    peer: Peer,
    { admin, from, now }: { readonly admin: AdminContext; readonly from: From; readonly now: Instant },
  ): Promise<Entered> {
    const outcome = await this.#p.authenticator.password(shown.login, shown.password, peer, from.signal);
    if (outcome.kind !== 'granted') return { kind: outcome.kind };
    const { account, password, scopes } = outcome;
    // Whoever has a program's own password has it already; that it opens no page tells him nothing.
    if (password === undefined || scopes !== undefined) return { kind: 'refused' };
    const its: ShownLogIn = { account: account.id, password: password.name, passwordAt: password.createdAt };
    const [leaf] = peer.certificate ?? [];
    if (leaf !== undefined && (await this.#p.authenticator.certificateHolds(account.id, peer))) {
      const session = newSession(this.#p.random, from);
      await this.#p.store.selfService.logInByCertificate(its, session, fingerprintOf(leaf));
      return { kind: 'in', secret: session.secret };
    }
    return await this.#send(its, outcome, admin, now);
  }

  async #send(
    its: ShownLogIn,
    { account }: Granted,
    { noticeWriter, store }: AdminContext,
    now: Instant,
  ): Promise<Entered> {
    const place = await noticeWriter.places.contacts.secondFactor(account.id, now);
    if (!place.ok) return { kind: 'nowhere' };
    const secret = newSessionSecret(this.#p.random);
    const browser = hashOf(secret);
    const code = newMailedCode(this.#p.random);
    const kept = { ...its, browser, code: mailedCodeHash(this.#p.key, browser, code) };
    if (!(await this.#p.store.selfService.makeCode(kept))) return { kind: 'often' };
    const expires = instant(now + MAILED_LIFE);
    const letters = mailedCodeLetters({ login: account.login, code: shownMailedCode(code), expires });
    const letter = await noticeWriter.letter(place.value, { kind: 'self-service-code', letters });
    if (letter === undefined) return { kind: 'nowhere' };
    await fileNotice(store, letter);
    return { kind: 'sent', secret, to: place.value.address };
  }

  /** `waiting`: what the browser got with the password. Answers what it gets now. */
  async code(waiting: string | undefined, typed: string, from: From): Promise<SlowedJudged<string>> {
    const { store, slowed, random, key } = this.#p;
    const browser = waiting === undefined ? undefined : sessionHash(waiting);
    const whose = `mailed ${browser?.toString('hex') ?? from.network}`;
    return await slowed.judge(whose, `${waiting ?? ''}\0${typed}`, from, async () => {
      const code = readMailedCode(typed);
      if (browser === undefined || code === undefined) return 'code';
      const session = newSession(random, from);
      const tried = await store.selfService.logIn({ browser, code: mailedCodeHash(key, browser, code) }, session);
      return tried.kind === 'in' ? { kind: 'right', is: session.secret } : 'code';
    });
  }

  /**
   * `network`: another one than it was begun from: its cookie was taken, or its owner has moved.
   */
  async ended({ id, login }: SelfServiceSession, reason: string, network?: string): Promise<void> {
    if (network !== undefined) this.#p.notes.refused({ why: 'network', network, operator: login });
    await this.#p.store.selfService.endSession(id, { name: login, reason });
  }
}

function hashOf(secret: string): Buffer {
  const hash = sessionHash(secret);
  if (hash === undefined) throw new Error('A secret that was made is none');
  return hash;
}
