/** OpenPGP keys and messages. */
import { readFileSync } from 'node:fs';
import { Pgp } from '../../../src/crypto/pgp/pgp.ts';
import { letter, makeKey, must, protectedBy, secretOf } from '../../crypto/pgp/support.ts';
import { freeze } from './frozen.ts';
import { files } from './mail.ts';

freeze('pgp', { accounts: ['anna', 'bert'] }, [
  files({ pass: 'open sesame\n' }),
  {
    run: 'pgp key issue --address anna@group.test --type curve25519 --ends {+300d} --keep-key --out {here}/anna.asc --password-file {here}/pass --reason why',
    keep: { anna: 'fingerprint' },
  },
  { run: 'pgp key issue --address anna@group.test', code: 2 },
  { run: 'pgp key issue --address nobody@group.test --keep-key', code: 3 },
  { run: 'pgp key issue --address anna@group.test --keep-key --out {here}/anna.asc', code: 4 },
  async (scene) => {
    const pgp = new Pgp();
    const bert = await makeKey(pgp, 'bert');
    scene.write(
      'bert.key',
      must(await pgp.run({ kind: 'lock-key', secretKey: secretOf(bert), passphrase: 'open sesame' })),
    );
    await pgp.close();
  },
  { run: 'pgp key import {here}/bert.key --address bert@group.test --reason why', keep: { bert: 'fingerprint' } },
  'pgp key import {here}/bert.key --account bert@group.test --keep-key --password-file {here}/pass',
  { run: 'pgp key import {here}/bert.key', code: 2 },
  { run: 'pgp key import {here}/pass --account bert@group.test', code: 2 },
  { run: 'pgp key list', anyOrder: true },
  'pgp key list --address bert@group.test',
  'pgp key list --account anna@group.test --expiring 900d',
  { run: 'pgp key list --account nobody', code: 3 },
  { run: 'pgp key list --address bert@group.test --expiring 9d', code: 2 },
  'pgp key list --account bert@group.test --csv',
  'pgp key export {bert} --out {here}/bert.pub --reason why',
  'pgp key export {anna} --secret --out {here}/anna.secret',
  { run: 'pgp key export {bert} --out {here}/bert.pub', code: 4 },
  { run: 'pgp key export 0000000000000000 --out {here}/none.pub', code: 3 },
  'pgp key export {anna} --secret --password-file {here}/pass --out {here}/anna-locked.secret',
  async (scene) => {
    const pgp = new Pgp();
    const [anna] = must(await pgp.run({ kind: 'read-keys', octets: readFileSync(scene.at('anna.secret')) }));
    if (anna === undefined) throw new Error('no key');
    scene.write('signed.eml', await protectedBy(pgp, letter(), { secretKeys: [secretOf(anna)] }));
    scene.write('plain.eml', letter());
    await pgp.close();
  },
  { run: 'pgp inspect {here}/signed.eml --reason why', people: true },
  'pgp inspect {here}/signed.eml --as anna@group.test',
  { run: 'pgp inspect {here}/plain.eml --as bert@group.test', people: true, code: 9 },
  { run: 'pgp inspect {here}/none.eml', code: 2 },
  'pgp key revoke {anna} --why superseded --reason why',
  { run: 'pgp key revoke 0000000000000000', code: 3 },
  { run: 'pgp key forget {bert}', code: 2 },
  { run: 'pgp key forget {bert}', typed: ['{bert}', 'why'] },
  {
    run: 'pgp key issue --address bert@group.test --keep-key --ends {+200d}',
    keep: { other: 'fingerprint' },
  },
  'pgp key remove {other} --yes --reason why',
  'pgp key forget {anna} --yes --reason why',
  { run: 'pgp key remove {anna}', code: 2 },
  { run: 'pgp key remove 0000000000000000 --yes --reason why', code: 3 },
  { run: 'pgp key forget 0000000000000000 --yes --reason why', code: 3 },
  { run: 'pgp key list', anyOrder: true },
]);
