/** The figures for people. */
import { table } from '../../src/cli/output.ts';
import type { Row } from './bench.ts';

export const tableOf = (rows: readonly Row[]): string =>
  table(
    ['STEP', 'SECONDS', 'CPU', 'AIM', 'MET', 'FIRST', 'MB', 'LOOP MS', 'SUBMIT P99', 'POLL P99', ''],
    rows.map(({ step, seconds, cpu, aim, met, firstRow, command, gateway, loop, loopOwn, mail, note }) => [
      ...[step, seconds, cpu, aim, met === undefined ? undefined : met ? 'yes' : 'NO', firstRow],
      gateway === undefined ? undefined : `${command ?? '-'} / ${gateway}`,
      loop === undefined ? undefined : `${loop} / ${loopOwn ?? '-'}`,
      ...(mail === undefined || mail.messages === 0 ? [undefined, undefined] : [mail.submission.p99, mail.pickup.p99]),
      note,
    ]),
  );
