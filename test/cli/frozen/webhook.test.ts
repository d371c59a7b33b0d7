/**
 * Webhooks. Of the addresses that they are at only one may be called: that of a receiver of the
 * test's own.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after } from 'node:test';
import { testCertificates } from '../../support/certificates.ts';
import { Receiver } from '../../support/receiver.ts';
import { freeze } from './frozen.ts';

const { ca } = await testCertificates();
const configuration = '[webhooks]\nallow-networks = ["127.0.0.1/32"]\nauthorities = ["receivers.pem"]';
const prepare = (folder: string): void => writeFileSync(join(folder, 'receivers.pem'), ca.certificate);

freeze('webhook', { accounts: ['anna'], configuration, prepare }, [
  async (scene) => {
    scene.kept.port = String((await Receiver.start({ after })).port);
  },
  {
    run: 'webhook add poort https://127.0.0.1:{port}/in --account anna@group.test --reason why',
    keep: { webhook: 'id' },
  },
  { run: 'webhook add poort https://127.0.0.1/in --account anna@group.test', code: 4 },
  { run: 'webhook add poort http://127.0.0.1/in', code: 2 },
  { run: 'webhook add poort https://127.0.0.1/in --account nobody', code: 3 },
  'webhook add groep https://127.0.0.2/groep --organisation group --event message.received --event message.failed --reason why',
  { run: 'webhook add alles https://127.0.0.2/alles --reason why', keep: { other: 'id' } },
  'webhook list',
  'webhook show {webhook}',
  { run: 'webhook show AAAA-AAAA', code: 3 },
  'webhook test {webhook}',
  { run: 'webhook test {other}', code: 7 },
  'webhook set {webhook} --name deur --event account.ended --reason why',
  { run: 'webhook set {webhook}', code: 2 },
  'webhook pause {webhook} --reason why',
  { run: 'webhook pause AAAA-AAAA', code: 3 },
  'webhook resume {webhook} --reason why',
  { run: 'webhook resume AAAA-AAAA', code: 3 },
  'webhook rotate {webhook} --reason why',
  { run: 'webhook rotate AAAA-AAAA', code: 3 },
  'webhook end {webhook} --reason why',
  { run: 'webhook end {webhook}', code: 3 },
]);
