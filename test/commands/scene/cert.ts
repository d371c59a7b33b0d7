import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { certificatePem } from '../../../src/crypto/certificates/certificate.ts';
import { makePkcs12 } from '../../../src/crypto/key-files/pkcs12-export.ts';
import { makeClientAuthority } from '../../support/client-certificates.ts';
import { makeMailPerson } from '../../support/mail-people.ts';
import type { Scene } from '../../cli/frozen/frozen.ts';
import type { SubjectScene } from './scene.ts';

const ADDRESS = 'huisarts@huisarts.example';

/** `certificate.pem`: of another authority. */
export async function writeCertificate(scene: Scene): Promise<void> {
  const { leaf } = await (await makeClientAuthority('uzi')).issue('huisarts');
  scene.write('certificate.pem', certificatePem(leaf));
}

async function writeCertificates(scene: Scene): Promise<void> {
  await writeCertificate(scene);
  for (const name of ['mail', 'other']) {
    const { privateKey, certificate, certificatePem: pem } = await makeMailPerson(name, ADDRESS, {});
    const options = { password: 'open sesame five', random: randomBytes };
    scene.write(`${name}.p12`, await makePkcs12(privateKey, certificate, options));
    scene.write(`${name}.pem`, pem);
  }
}

export const cert: SubjectScene = {
  files: { 'password.txt': 'open sesame five\n' },
  begin: [
    'ca init --name "Zorggroep Noord" --key-kind p256',
    {
      run: 'cert issue --account huisarts --use mail --keep-key --key-kind p256 --ends 50d',
      keep: { serial: 'serial' },
    },
    { run: 'cert issue --account huisarts --use login --code', keep: { code: 'code' } },
    writeCertificates,
    `cert import {here}/other.pem --address ${ADDRESS} --use mail`,
  ],
  before: {
    'cert export': [(scene) => rmSync(scene.at('huisarts.pem'), { force: true })],
  },
  replace: { '5c0d9e41a7b24f6388d2f1706ab3c915': 'serial', 'k7vq-2m4x-9dzt-c3hw-8rjp-5nfb': 'code' },
};
