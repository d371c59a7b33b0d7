/** The running gateway. */
import { freeze } from './frozen.ts';

freeze('gateway', { accounts: ['anna'] }, [
  'status',
  'reload --reason why',
  'drain --reason why',
  'drain --end',
  { run: 'serve', code: 7 },
  { run: 'doctor', shape: true, people: false },
  { run: 'check', code: 0 },
]);
