/** A certificate for mail with its key, as another authority would give it out; and messages as they lie in mailboxes. */
import { randomBytes } from 'node:crypto';
import { makeKeyPair } from '../../../src/crypto/authority.ts';
import { makeCertificateRequest } from '../../../src/crypto/certificate-request.ts';
import { makeName } from '../../../src/crypto/distinguished-name.ts';
import { encodePem } from '../../../src/crypto/pem.ts';
import { makePkcs12 } from '../../../src/crypto/pkcs12-export.ts';
import { loginOf } from '../../support/gateway.ts';
import { fetchAll } from '../../support/mail.ts';
import { makeMailPerson } from '../../support/mail-people.ts';
import type { Scene } from './frozen.ts';

export async function writeMailPerson(scene: Scene): Promise<void> {
  const { certificate, certificatePem, privateKey } = await makeMailPerson('anna@group.test', 'anna@group.test');
  scene.write('anna-mail.pem', certificatePem);
  const request = await makeCertificateRequest(await makeKeyPair('p256'), {
    subject: makeName({ commonName: 'anna' }),
  });
  scene.write('anna.csr', encodePem('CERTIFICATE REQUEST', request));
  const made = await makePkcs12(privateKey, certificate, { password: 'open sesame five', random: randomBytes });
  scene.write('anna-mail.p12', made);
}

/** The only message in the mailbox of `name`, as a file. */
export const takesInto =
  (name: string, file: string) =>
  async (scene: Scene): Promise<void> => {
    const [message = ''] = await fetchAll(scene.gateway.target('pop3s'), loginOf(name));
    scene.write(file, Buffer.from(message, 'latin1'));
  };
