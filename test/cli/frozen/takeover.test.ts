/** A practice that moves here from another server, and back. */
import { mkdirSync } from 'node:fs';
import { freeze } from './frozen.ts';
import { files, sends } from './mail.ts';

freeze('takeover', { accounts: ['anna', 'bert'] }, [
  (scene) => {
    for (const name of ['Maildir', 'Maildir/cur', 'Maildir/new', 'Maildir/tmp']) mkdirSync(scene.at(name));
    files({
      'Maildir/cur/1764158401.M1P1.old:2,S': 'Message-ID: <old1@x.test>\r\nSubject: 1\r\n\r\ntext\r\n',
      'Maildir/new/1764158402.M2P1.old': 'Message-ID: <old2@x.test>\r\nSubject: 2\r\n\r\ntext\r\n',
      'wave.csv': 'account,maildir,user\nanna@group.test,{here}/Maildir,anna\n',
      'stranger.csv': 'account,maildir\nnobody,{here}/Maildir\n',
      'old.csv': 'user,at\nanna,2036-01-01T00:00:00Z\n',
      'none.log': 'nothing of this is a login\n',
    })(scene);
  },
  'takeover status',
  { run: 'takeover wave w1 --from {here}/wave.csv --reason why', code: 3 },
  { run: 'takeover rehearse --wave w1 --day soon --from {here}/wave.csv --reason why', code: 2 },
  { run: 'takeover rehearse --wave w1 --day {+0d} --from {here}/stranger.csv --reason why', code: 4 },
  'takeover rehearse --wave w1 --day {+0d} --from {here}/wave.csv --reason why',
  'takeover letters --wave w1',
  'takeover letters --out {here}/letters --reason why',
  { run: 'takeover letters nobody --reason why', code: 3 },
  { run: 'takeover letters --step reminder --reason why', code: 2 },
  { run: 'takeover back group --from {here}/wave.csv --reason why', code: 4 },
  'takeover wave w1 --from {here}/wave.csv --reason why',
  'takeover wave w1 --from {here}/wave.csv --again',
  'takeover status group',
  'takeover status --old-log {here}/old.csv',
  { run: 'takeover status --old-log {here}/none.log', code: 2 },
  { run: 'takeover status nobody', code: 3 },
  'takeover letters --notice --step moved --reason why',
  'takeover letters --step reminder --old-log {here}/old.csv',
  sends('bert', 'anna@group.test', 'new'),
  { run: 'takeover back group --from {here}/wave.csv --reason why', code: 4 },
  { run: 'takeover back group --from {here}/stranger.csv --addresses-stay --reason why', code: 2 },
  'takeover back group --from {here}/wave.csv --addresses-stay --reason why',
  'takeover status',
  'takeover letters',
]);
