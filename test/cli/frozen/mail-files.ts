/**
 * A certificate for mail with its key, as another authority would give it out; and messages as they
 * lie in mailboxes.
 */
import { randomBytes } from 'node:crypto';
import { makeKeyPair } from '../../../src/crypto/certificates/authority.ts';
import { makeCertificateRequest } from '../../../src/crypto/certificates/certificate-request.ts';
import { makeName } from '../../../src/crypto/certificates/distinguished-name.ts';
import { encodePem } from '../../../src/crypto/certificates/pem.ts';
import { makePkcs12 } from '../../../src/crypto/key-files/pkcs12-export.ts';
import type { Person } from '../../crypto/cms/support.ts';
import { loginOf } from '../../support/gateway.ts';
import { fetchAll } from '../../support/mail.ts';
import { makeMailPerson } from '../../support/mail-people.ts';
import type { Scene } from './frozen.ts';

export async function writeMailPerson(scene: Scene): Promise<void> {
  const pkcs12 = async (name: string, to: number): Promise<Person> => {
    const person = await makeMailPerson('anna@group.test', 'anna@group.test', { to });
    const options = { password: 'open sesame five', random: randomBytes };
    scene.write(`${name}.p12`, await makePkcs12(person.privateKey, person.certificate, options));
    return person;
  };
  // Lists are by their ends: before those that the commands give, which end with their day.
  await pkcs12('anna-mail-2', 309);
  const { certificatePem } = await pkcs12('anna-mail', 299);
  scene.write('anna-mail.pem', certificatePem);
  const request = await makeCertificateRequest(await makeKeyPair('p256'), {
    subject: makeName({ commonName: 'anna' }),
  });
  scene.write('anna.csr', encodePem('CERTIFICATE REQUEST', request));
}

/** The only message in the mailbox of `name`, as a file. */
export const takesInto =
  (name: string, file: string) =>
  async (scene: Scene): Promise<void> => {
    const [message = ''] = await fetchAll(scene.gateway.target('pop3s'), loginOf(name));
    scene.write(file, Buffer.from(message, 'latin1'));
  };
