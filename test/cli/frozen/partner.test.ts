/** Partners, and what waits for them. */
import { testCertificates } from '../../support/certificates.ts';
import { ScriptedPartner } from '../../support/partner.ts';
import { freeze } from './frozen.ts';
import { files, sends } from './mail.ts';

let server: ScriptedPartner;
const PIN = `key:${'ab'.repeat(32)}`;

freeze('partner', { accounts: ['anna', 'bert'] }, [
  async (scene) => {
    const certificates = await testCertificates();
    scene.write('ca.pem', certificates.ca.certificate);
    scene.write('client.pem', certificates.server.certificate);
    scene.write('client.key', certificates.server.key);
    scene.write('password', 'Zomer-op-Terschelling-27\n');
    server = await ScriptedPartner.start({ ...certificates.server, tls: 'starttls' });
    scene.kept.port = String(server.port);
  },
  'organisation add umc --title UMC',
  'organisation add lab --title Lab',
  `partner add umc-noord --organisation umc --host mx.umc.test --account mta@umc.test --port 2525 --tls starttls --server-name mail.umc.test --ca {here}/ca.pem --pin ${PIN} --client-certificate {here}/client.pem --client-key {here}/client.key --login gateway --password-file {here}/password --ehlo gw.test --connections 3 --max-message 25MiB --reason why`,
  { run: 'partner add umc-noord --organisation umc --host mx.umc.test', code: 4 },
  { run: 'partner add other --organisation nobody --host mx.umc.test', code: 3 },
  { run: 'partner add other --organisation umc --host mx.umc.test --connections 21', code: 2 },
  'partner set umc-noord --tls implicit --port 465 --clear pin --clear login --server-name mx.umc.test --connections 5 --reason why',
  `partner set umc-noord --host mx2.umc.test --ca {here}/ca.pem --pin ${PIN} --client-certificate {here}/client.pem --client-key {here}/client.key --login gw --password-file {here}/password --ehlo gw2.test --max-message 10MiB`,
  { run: 'partner set umc-noord --clear host', code: 2 },
  { run: 'partner set umc-noord --dkim', code: 2 },
  { run: 'partner set nobody --port 25', code: 3 },
  { run: 'partner add lab --organisation lab --host localhost --port {port} --ca {here}/ca.pem', plain: true },
  'partner list',
  'partner show umc-noord',
  'partner show lab',
  { run: 'partner show nobody', code: 3 },
  'partner test lab',
  { run: 'partner test umc-noord', code: 7 },
  { run: 'partner test nobody', code: 3 },
  'partner domain add lab lab.test --reason why',
  { run: 'partner domain add lab group.test', code: 4 },
  'partner domain add lab group.test --shared',
  { run: 'partner domain add nobody x.test', code: 3 },
  'partner domain remove lab group.test --reason why',
  { run: 'partner domain remove lab group.test', code: 3 },

  'partner suspend lab --reason why',
  'partner suspend lab --refuse',
  { run: 'partner suspend nobody', code: 3 },
  'partner show lab',
  'partner suspend lab',
  sends('anna', 'a@lab.test', 'one'),
  sends('anna', 'b@lab.test', 'two'),
  sends('bert', 'c@lab.test', 'three'),
  'queue list',
  'queue list --partner lab',
  'queue list --message {one}',
  'queue list --all',
  { run: 'queue list --partner nobody', code: 3 },
  'queue show 1',
  { run: 'queue show 99', code: 3 },
  { run: 'queue show x', code: 2 },
  'queue hold 1 2 --reason why',
  { run: 'queue hold 99', code: 3 },
  'queue release 1 --reason why',
  'queue hold --partner lab',
  'queue release --message {two}',
  'queue retry --message {two}',
  'queue hold --message {two}',
  'queue release --partner lab',
  { run: 'queue release 99', code: 3 },
  'queue retry --partner lab --reason why',
  { run: 'queue retry 99', code: 3 },
  'queue show 2',
  { run: 'queue fail 1', code: 2 },
  { run: 'queue fail 1', typed: ['1', 'wrong patient'] },
  'queue fail --message {two} --yes --reason why',
  'queue fail --partner lab --yes --reason why',
  { run: 'queue fail 99 --yes --reason why', code: 3 },
  'queue list --all',
  'trace {one}',
  'partner resume lab --reason why',
  { run: 'partner resume nobody', code: 3 },

  files({}),
  'partner end lab --dry-run',
  { run: 'partner end lab', code: 2 },
  { run: 'partner end nobody --yes --reason x', code: 3 },
  { run: 'partner end lab --grace 5d --successor anna@group.test', typed: ['lab', 'closed'] },
  'partner show lab',
  'partner resume lab',
  'partner end umc-noord --now --yes --reason why',
  'partner list',
  () => server.stop(),
]);
