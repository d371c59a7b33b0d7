/** Changes to registrations of certificates that accounts log in with; each with its audit row. */
import type { NewCertificate } from '../registry.ts';
import type { Actor } from '../actor.ts';
import type { Change } from '../sql/sql.ts';
import type { Ground } from './ground.ts';
import { accountNamed, mustBeOpen } from './registered.ts';
import { block, register, revokeRegistration } from './registrations.ts';

export class ClientCertificateChanges {
  /** A certificate leads to one account: whoever shows it is let in. */
  *addCertificate(ground: Ground, login: string, certificate: NewCertificate, actor: Actor): Change<void> {
    const account = yield* accountNamed(ground.at, login);
    mustBeOpen(account, login);
    yield* register(ground, login, { account: account.id, ...certificate });
    yield* ground.touch(account.id, 'certificate');
    yield* ground.record('registry.certificate-added', account.id, actor, { login, ...shown(certificate) });
  }

  /** Ends the valid registration of that name. */
  *revokeCertificate(ground: Ground, login: string, name: string, actor: Actor): Change<void> {
    const { id } = yield* accountNamed(ground.at, login);
    const about = yield* revokeRegistration(ground, { account: id, login, name });
    yield* ground.touch(id, 'certificate');
    yield* ground.record('registry.certificate-revoked', id, actor, { login, ...about });
  }

  /** Refuses one certificate from now on: ends every registration of the account made with it, and keeps it out where it meets another. */
  *blockCertificate(ground: Ground, login: string, certificate: NewCertificate, actor: Actor): Change<void> {
    const { id } = yield* accountNamed(ground.at, login);
    yield* block(ground, [{ account: id, ...certificate }]);
    yield* ground.touch(id, 'certificate');
    yield* ground.record('registry.certificate-revoked', id, actor, { login, ...shown(certificate) });
  }
}

const shown = ({ name, fingerprint, about }: NewCertificate): Readonly<Record<string, string>> => ({
  certificate: name,
  fingerprint,
  about,
});
