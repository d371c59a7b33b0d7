/** A certificate of the own authority, from its issue to its revocation, over the whole gateway. */
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { runOperation } from '../src/admin/operations.ts';
import { createCa } from '../src/ca/create.ts';
import { collect, enrolRenewals } from '../src/ca/enrol.ts';
import { type Issued, issueToAccount } from '../src/ca/issue.ts';
import { makeLists } from '../src/ca/revocation-lists.ts';
import { type KeyPair, makeKeyPair } from '../src/crypto/certificates/authority.ts';
import { certificatePem } from '../src/crypto/certificates/certificate.ts';
import { readCrl } from '../src/crypto/certificates/crl.ts';
import { makeCertificateRequest } from '../src/crypto/certificates/certificate-request.ts';
import { makeName } from '../src/crypto/certificates/distinguished-name.ts';
import { encodePem } from '../src/crypto/certificates/pem.ts';
import { days } from '../src/domain/units.ts';
import type { ClientCertificate } from './support/client-certificates.ts';
import { type TestGateway, addressOf, startTestGateway } from './support/gateway.ts';
import { runTranscript } from './support/transcript.ts';
import { OWNER_SAID } from '../src/domain/roles.ts';

const actor = { name: 'test' };
let gateway: TestGateway;
before(async () => {
  // No client authority is configured: what the gateway issued itself needs none.
  gateway = await startTestGateway({ accounts: ['anna'] });
  await createCa(gateway.admin.ca, { organisation: 'Zorggroep', kind: 'p256' }, actor);
});
after(() => gateway.remove());

const requestOf = async (keys: KeyPair): Promise<string> =>
  encodePem('CERTIFICATE REQUEST', await makeCertificateRequest(keys, { subject: makeName({ commonName: 'x' }) }));
const clientOf = ({ certificate, chain }: Issued, keys: KeyPair): ClientCertificate => ({
  key: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  certificate: [certificate, ...chain].map(certificatePem).join(''),
  leaf: certificate,
});

async function logIn(client: ClientCertificate, outcome: 'in' | 'refused'): Promise<void> {
  const smtp = outcome === 'in' ? 'S: 235 2.7.0 *' : 'S: 535 5.7.8 *';
  const pop3 = outcome === 'in' ? 'S: +OK *' : 'S: -ERR [AUTH] *';
  await runTranscript(
    `S: 220 *\nC: EHLO client.test\nS... 250 *\n@starttls\nC: EHLO client.test\nS... 250 *\nC: AUTH EXTERNAL =\n${smtp}`,
    { ...gateway.transcript('submission'), client },
  );
  await runTranscript(`S: +OK *\n@starttls\nC: AUTH EXTERNAL =\n${pop3}`, { ...gateway.transcript('pop3'), client });
}

test('an issued certificate logs in at once, beside its renewal, and is refused from its revocation on', async () => {
  const { ca } = gateway.admin;
  const login = addressOf('anna');
  const [keys, newKeys] = [await makeKeyPair('p256'), await makeKeyPair('p256')];
  const first = await issueToAccount(ca, { login, use: 'login', request: await requestOf(keys) }, actor);
  const old = clientOf(first, keys);
  await logIn(old, 'in');

  const due = await ca.store.certificates.findCertificates(first.certificate.serial);
  const [code] = await enrolRenewals(ca, due, days(30), actor);
  const second = await collect(ca, { code: code!.code, request: await requestOf(newKeys) }, actor);
  const renewed = clientOf(second, newKeys);
  await logIn(renewed, 'in');
  await logIn(old, 'in');

  await ca.store.certificates.revokeCertificate(first.certificate.fingerprint, 'superseded', actor);
  await logIn(old, 'refused');
  await logIn(renewed, 'in');
  const refused = gateway.log.events.findLast((e) => e.event === 'auth.certificate_refused');
  assert.equal(refused?.fields.reason, 'revoked');
});

test('a certificate for mail logs nobody in', async () => {
  const keys = await makeKeyPair('p256');
  const { ca } = gateway.admin;
  const request = await requestOf(keys);
  const issued = await issueToAccount(ca, { login: addressOf('anna'), use: 'mail', request }, actor);
  await logIn(clientOf(issued, keys), 'refused');
});

test('account certificate revoke ends an issued certificate in the register and in the revocation list too', async () => {
  const { ca } = gateway.admin;
  const login = addressOf('anna');
  const run = (operation: 'account.certificate.revoke', input: Record<string, unknown>) =>
    runOperation(operation, gateway.admin, input, { actor, who: OWNER_SAID, progress: () => undefined }, gateway.log);
  const stateOf = async ({ certificate }: Issued): Promise<string | undefined> =>
    (await ca.store.certificates.findCertificates(certificate.fingerprint))[0]?.revoked?.reason;
  const issue = async (): Promise<readonly [Issued, KeyPair]> => {
    const keys = await makeKeyPair('p256');
    return [await issueToAccount(ca, { login, use: 'login', request: await requestOf(keys) }, actor), keys];
  };
  for (const by of ['name', 'file']) {
    const [issued, keys] = await issue();
    await logIn(clientOf(issued, keys), 'in');
    const registered = (await gateway.store.registry.findAccount(login))?.certificates.find(
      ({ fingerprint }) => fingerprint === issued.certificate.fingerprint,
    );
    const which = by === 'name' ? { name: registered?.name } : { file: certificatePem(issued.certificate) };
    const done = await run('account.certificate.revoke', { login, ...which });
    assert.equal(done.serial, issued.certificate.serial);
    assert.equal(await stateOf(issued), 'unspecified');
    const { made } = await makeLists(ca);
    const read = await Promise.all(made.map(({ der }) => readCrl(der)));
    assert(
      read.some((list) => list.ok && list.value.find(issued.certificate.serial) !== undefined),
      by,
    );
    await logIn(clientOf(issued, keys), 'refused');
  }
});
