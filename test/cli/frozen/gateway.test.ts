/** The running gateway. */
import { freeze } from './frozen.ts';

freeze('gateway', { accounts: ['anna'] }, [
  'status',
  'reload --reason why',
  'drain --reason why',
  'drain --end',
  'probe add --organisation group --reason why',
  { run: 'probe add --organisation group --reason again', code: 4 },
  { run: 'report availability --month {+0m}', shape: true },
  { run: 'serve', code: 7 },
  { run: 'doctor', shape: true, people: false },
  { run: 'check', code: 0 },
]);
