/** Changes to registrations of certificates that accounts log in with; each with its audit row. */
import type { NewCertificate } from '../registry.ts';
import type { Actor } from '../actor.ts';
import type { Change } from '../sql/sql.ts';
import type { ChangeContext } from './change-context.ts';
import { accountNamed, mustBeOpen } from './registered.ts';
import { block, register, revokeRegistration } from './registrations.ts';

export class ClientCertificateChanges {
  /** A certificate leads to one account: whoever shows it is let in. */
  *addCertificate(context: ChangeContext, login: string, certificate: NewCertificate, actor: Actor): Change<void> {
    const account = yield* accountNamed(context.at, login);
    mustBeOpen(account, login);
    yield* register(context, login, { account: account.id, ...certificate });
    yield* context.touch(account.id, 'certificate');
    yield* context.record('registry.certificate-added', account.id, actor, { login, ...shown(certificate) });
  }

  /** Ends the valid registration of that name. */
  *revokeCertificate(context: ChangeContext, login: string, name: string, actor: Actor): Change<void> {
    const { id } = yield* accountNamed(context.at, login);
    const about = yield* revokeRegistration(context, { account: id, login, name });
    yield* context.touch(id, 'certificate');
    yield* context.record('registry.certificate-revoked', id, actor, { login, ...about });
  }

  /**
   * Refuses one certificate from now on: ends every registration of the account made with it, and
   * refuses it even if its names meet another registration.
   */
  *blockCertificate(context: ChangeContext, login: string, certificate: NewCertificate, actor: Actor): Change<void> {
    const { id } = yield* accountNamed(context.at, login);
    yield* block(context, [{ account: id, ...certificate }]);
    yield* context.touch(id, 'certificate');
    yield* context.record('registry.certificate-revoked', id, actor, { login, ...shown(certificate) });
  }
}

const shown = ({ name, fingerprint, about }: NewCertificate): Readonly<Record<string, string>> => ({
  certificate: name,
  fingerprint,
  about,
});
