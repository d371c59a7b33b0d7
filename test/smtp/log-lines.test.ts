import assert from 'node:assert/strict';
import { Duplex } from 'node:stream';
import { test } from 'node:test';
import { logLines } from '../../src/platform/log-lines.ts';
import { startSmtp } from '../support/smtp.ts';
import { runTranscript } from '../support/transcript.ts';

test('the line of a refusal is written before its reply leaves, also where that joins an earlier one', async (t) => {
  const { port, ca, log } = await startSmtp(t);
  const happened: string[] = [];
  logLines.to((text) => void happened.push(...text.trimEnd().split('\n')));
  t.after(() => logLines.to(() => undefined));
  const { events } = log;
  events.push = (...added) => {
    for (const { event } of added) logLines.add(`${event}\n`);
    return Array.prototype.push.apply(events, added);
  };
  const duplex = Duplex.prototype as { write: (...given: unknown[]) => unknown };
  const { write } = duplex;
  t.mock.method(duplex, 'write', function (this: Duplex, ...given: unknown[]) {
    if (String(given[0]).includes('\r\n503 ')) happened.push('the reply');
    return write.apply(this, given);
  });
  await runTranscript(
    `
S: 220 *
C: EHLO client.test
S... 250 *
@starttls
C: EHLO client.test
S... 250 *
@auth alice alice-pw
C~ NOOP\\r\\nRCPT TO:<bob@group.test>\\r\\n
S: 250 *
S: 503 *
`,
    { protocol: 'smtp', port, ca },
  );
  assert.deepEqual(happened.slice(-2), ['smtp.refused', 'the reply']);
});
