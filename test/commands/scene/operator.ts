import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { cleanBase32 } from '../../../src/crypto/keys/base32.ts';
import { certificatePem } from '../../../src/crypto/certificates/certificate.ts';
import { runCommandLine } from '../../../src/cli/program.ts';
import type { Scene } from '../../cli/frozen/frozen.ts';
import { addPasskey } from '../../support/known-passkey.ts';
import { makeClientAuthority } from '../../support/client-certificates.ts';
import type { SubjectScene } from './scene.ts';

/** A key pair, and a certificate as a person of an operator has one. */
function keyFiles(name: string): void {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  writeFileSync(`${name}.pem`, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  writeFileSync(`${name}.pub`, publicKey.export({ type: 'spki', format: 'pem' }));
}

export const operator: SubjectScene = {
  begin: [
    'operator add jan.devries --role security',
    { run: 'operator token add jan.devries --scope read --ends 30d', keep: { token: 'id' } },
    async ({ gateway, kept }) => {
      const id = cleanBase32(kept.token ?? '');
      await addPasskey(gateway.store, 'jan.devries', { passkey: id, session: id });
      // Somebody of the OpenID provider whose operator has ended.
      const { operators, identities } = gateway.store;
      const actor = { name: 'test', reason: 'test' };
      await operators.add({ name: 'paul', role: 'support' }, actor);
      await identities.add('paul', { issuer: 'https://login.example.nl/realms/zorg', subject: 'paul' }, id, actor);
      await operators.end('paul', actor);
    },
    () => keyFiles('piet'),
    async () => {
      const authority = await makeClientAuthority('Zorggroep');
      writeFileSync('kees.pem', certificatePem((await authority.issue('kees')).leaf));
    },
  ],
  replace: { 'K7QM-2XRD': 'token' },
  input: { 'operator key': 'molen-tegel-vlinder\n' },
};

/** A command that is refused with the id of a request, which is kept. */
async function ask(scene: Scene): Promise<void> {
  let said = '';
  const words = [
    'audit',
    'erase',
    '--before',
    '2020-01-01',
    '--yes',
    '--reason',
    'retention',
    '--config',
    scene.config,
  ];
  await runCommandLine(words, { out: (text) => (said += text), err: (text) => (said += text), input: '', code: 0 });
  scene.kept.request = /--approval ([A-Z2-7]{4}-[A-Z2-7]{4})/.exec(said)?.[1] ?? '';
}

export const approve: SubjectScene = {
  options: { configuration: '[operators]\nsecond-person = ["erase"]' },
  begin: [
    () => keyFiles('jan'),
    () => keyFiles('piet'),
    'operator add jan --role security --public-key jan.pub',
    'operator add piet --role security --public-key piet.pub',
    ask,
  ],
  replace: { 'K7QM-2XRD': 'request' },
  input: { approve: 'yes\n' },
};
