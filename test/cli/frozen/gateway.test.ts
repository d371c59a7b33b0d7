/** The running gateway. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freeze } from './frozen.ts';

const SERVERS = JSON.stringify({
  list: 'ANY 1 (zuid-1, derde-1)',
  servers: [
    { name: 'noord-1' },
    { name: 'zuid-1', role: 'standby', timeline: 1, lsn: '0/3000148' },
    { name: 'derde-1', role: 'standby', timeline: 1, lsn: '0/3000100' },
  ],
});

freeze('gateway', { accounts: ['anna'] }, [
  'status',
  'reload --reason why',
  'drain --reason why',
  'drain --end',
  'probe add --organisation group --reason why',
  { run: 'probe add --organisation group --reason again', code: 4 },
  { run: 'report availability --month {+0m}', shape: true },
  'site status',
  (scene) => writeFileSync(join(scene.here, 'servers.json'), SERVERS),
  'site promote zuid-1 --check --facts {here}/servers.json',
  { run: 'site promote noord-1 --check --facts {here}/servers.json', code: 9 },
  { run: 'site alone --end --reason why', code: 4 },
  {
    run: `drill site --from noord --to zuid --there 2026-11-20 --back 2026-11-21 --person 'J. Smit' --outage 3 --measured-by watch --lost 0`,
    code: 4,
  },
  (scene) => void (scene.kept.port = String(scene.gateway.port('submission'))),
  { run: 'drill watch 127.0.0.1:{port} --seconds 1', shape: true, people: false },
  { run: 'serve', code: 7 },
  { run: 'doctor', shape: true, people: false },
  { run: 'doctor --report {here}/tls.txt', shape: true, people: false },
  { run: 'doctor --report {here}/tls.txt', code: 4 },
  { run: 'doctor --report {here}/tls-2.txt --records', code: 2 },
  { run: 'doctor --records', shape: true, people: false },
  'config list --section log',
  { run: 'check', code: 0 },
]);
