/**
 * Puts a passkey and a session of an operator into the store, for tests of commands that list and
 * end them.
 */
import { randomBytes } from 'node:crypto';
import type { Store } from '../../src/store/port/store.ts';

export async function addPasskey(
  { console }: Pick<Store, 'console'>,
  operator: string,
  ids: { readonly passkey: string; readonly session: string },
): Promise<void> {
  const code = { id: ids.passkey, hash: randomBytes(32) };
  await console.makeCode(operator, code, { name: 'test' });
  const passkey = {
    id: ids.passkey,
    credential: randomBytes(32),
    publicKey: randomBytes(77),
    counter: 0,
    transports: ['usb'],
    model: '00000000-0000-0000-0000-000000000000',
    synced: true,
  };
  await console.register(
    code,
    passkey,
    { id: ids.session, hash: randomBytes(32), network: '192.0.2.0/24' },
    randomBytes(32),
  );
}
