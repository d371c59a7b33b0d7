/**
 * `sluis message erase` on a whole gateway: refused while somebody waits, asked at a terminal, told
 * in the trail.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { runCommandLine } from '../../src/cli/program.ts';
import { commandsOn } from '../support/command-line.ts';
import { type TestGateway, addressOf, loginOf, startTestGateway } from '../support/gateway.ts';
import { fetchAll, send } from '../support/mail.ts';

let gateway: TestGateway;
before(async () => (gateway = await startTestGateway({ accounts: ['anna', 'bram'] })));
after(() => gateway.remove());

const { done, refused, json } = commandsOn(() => gateway.config.file);
const letter = (id: string): Promise<string> =>
  send(gateway.target('submission'), loginOf('anna'), {
    from: addressOf('anna'),
    to: [addressOf('bram')],
    content: `From: <${addressOf('anna')}>\r\nMessage-ID: <${id}@group.test>\r\nSubject: s\r\n\r\nhello\r\n`,
  });
const fetch = (how: 'quit' | 'delete'): Promise<string[]> => fetchAll(gateway.target('pop3'), loginOf('bram'), how);

/** What a person sees and types at a terminal. */
async function typed(answers: string[], ...args: string[]): Promise<{ code: number; screen: string }> {
  let screen = '';
  const show = (text: string): void => void (screen += text);
  const ask = (question: string): Promise<string> => {
    screen += question;
    return Promise.resolve(answers.shift() ?? '');
  };
  const terminal = { out: show, err: show, input: '', code: 0, ask };
  return { code: await runCommandLine([...args, '--config', gateway.config.file], terminal), screen };
}

test('a message that waits for somebody is not erased; one that was fetched is, wherever it lies', async () => {
  const id = await letter('one');
  const why = ['--yes', '--reason', 'sent to the wrong practice'];
  await refused(4, /waits for somebody who has not got it.*message withdraw/, 'message', 'erase', id, ...why);
  assert.equal((await fetch('quit')).length, 1);
  await refused(2, /add --yes and --reason TEXT/, 'message', 'erase', id);
  await refused(3, /Cannot find message/, 'message', 'erase', '0000000000000', ...why);
  assert.match(
    await done('message', 'erase', 'one@group.test', ...why),
    new RegExp(`^Erased message ${id}\\. No backup`),
  );
  assert.deepEqual(await fetch('quit'), []);
  const events = (await json<{ events: { event: string; actor?: string }[] }>('trace', id)).events;
  assert.ok(events.some(({ event }) => event === 'message.erased'));
});

test('a person sees what goes and types the id; anything else erases nothing', async () => {
  const id = await letter('two');
  await fetch('quit');
  const stopped = await typed(['yes'], 'message', 'erase', id);
  assert.deepEqual([stopped.code, stopped.screen.includes('nothing was done')], [2, true]);
  const { code, screen } = await typed([id, 'a letter about somebody else'], 'message', 'erase', id);
  assert.equal(code, 0, screen);
  for (const shown of [
    new RegExp(`Message: +${id}`),
    /For: +<?bram@/,
    /no backup can show it either/,
    /Erased message/,
  ])
    assert.match(screen, shown);
  assert.deepEqual(await fetch('quit'), []);
});
