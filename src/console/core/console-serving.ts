/**
 * The console as a site of pages. Operators log in with a session that the store keeps, and their
 * role decides what they may do.
 */
import type { Call } from '../../admin/call.ts';
import { runOperation } from '../../admin/operations.ts';
import { formToken } from '../../crypto/keys/console-secrets.ts';
import { SEEN_STEP, STEP_UP_LIFE } from '../../domain/console.ts';
import { defined } from '../../domain/defined.ts';
import { type Right, mayDo } from '../../domain/roles.ts';
import type { Html } from '../../http/html.ts';
import type { Guest } from '../../http/tls-listener.ts';
import { rangeOf } from '../../platform/network.ts';
import { proveAgain } from '../login/step-up.ts';
import { frame } from '../../web/look/frame.ts';
import { CONSOLE_SESSION } from '../login/cookies.ts';
import type { AskedBy, Reply } from '../../web/core/page.ts';
import type { Along, Asked, Visitor } from './page.ts';
import { type About, Serving } from '../../web/core/serve.ts';
import type { ConsoleServices } from './services.ts';
import { CONSOLE_PROBLEMS, MENU } from './words.ts';

export class ConsoleServing extends Serving<Visitor, Asked, ConsoleServices> {
  protected readonly session = CONSOLE_SESSION;
  protected readonly problems = CONSOLE_PROBLEMS;

  protected async visitorOf(secret: string, hash: Buffer, guest: Guest): Promise<Visitor | undefined> {
    const { store, times, clock, logIns } = this.services;
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

  protected mayOpen({ session }: Visitor, access: string): boolean {
    return mayDo(session.holder.role, access as Right);
  }

  protected askedWith(base: AskedBy<Visitor>, guest: Guest, path: string): Asked {
    const { visitor } = base;
    const operate: Asked['operate'] = (name, input, reason, along) => {
      if (visitor === undefined) throw new Error(`The page ${path} runs ${name} for nobody`);
      return runOperation(name, base.admin, input, callOf(visitor, guest, reason, along), this.services.log);
    };
    const may: Asked['may'] = (right) => visitor !== undefined && mayDo(visitor.session.holder.role, right);
    return Object.assign(base, { operate, may });
  }

  protected framed({ language, title, visitor }: About<Visitor>, body: Html): string {
    const { gateway, helpdesk } = this.services;
    const words = MENU[language];
    const links = [
      ['/', words.today] as const,
      ['/search', words.search] as const,
      ['/registers', words.registers] as const,
    ];
    const who = visitor && { name: visitor.session.operator, token: visitor.token };
    return frame({ language, title, gateway, helpdesk, links, ...defined({ who }) }, body);
  }

  protected nameOf({ session }: Visitor): string {
    return session.operator;
  }

  protected override isLate({ session }: Visitor): boolean {
    return session.provenAt + STEP_UP_LIFE <= this.services.clock.now();
  }

  protected override async proveAgain(
    asked: Asked,
    path: string,
    typed: Readonly<Record<string, string>>,
  ): Promise<Reply | undefined> {
    return await proveAgain(asked, this.services, path, typed);
  }
}

function callOf(
  { session: { holder, means, passkey } }: Visitor,
  { signal }: Guest,
  reason?: string,
  along: Along = {},
): Call {
  const { name, role, organisation } = holder;
  return {
    actor: { name, ...defined({ reason }) },
    who: { role, proof: means, ...defined({ organisation, passkey }) },
    gone: signal,
    progress: () => undefined,
    ...along,
  };
}
