/** docs/start.svg: the first screen, as `npm start` and the first command after it print it. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { sluis, start } from '../support/command-line.ts';
import { holdPicture, steady } from './held.ts';
import { terminalSvg } from './terminal.ts';

const root = join(import.meta.dirname, '..', '..');
const PASSWORD = /\b(?:[a-z0-9]{4}-){5}[a-z0-9]{4}\b/g;
/**
 * Ports in the order in which they are printed first: submission, submissions, pop3, pop3s, api.
 */
const PORTS = ['2587', '2465', '2110', '2995', '2443'];

/** The passwords that the README shows: one reader sees both. */
const shownPasswords = (): string[] => [
  ...new Set(Array.from(readFileSync(join(root, 'README.md'), 'utf8').matchAll(PASSWORD), ([one]) => one)),
];
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { readonly version: string };

test('docs/start.svg shows what npm start and sluis status print', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluis-picture-'));
  const gateway = start(['dev', '--free-ports'], { cwd: folder });
  try {
    await gateway.until('the next start finds everything again.');
    const status = await sluis(['status', '--config', 'data/sluis.toml'], { cwd: folder });
    assert.equal(status.code, 0, status.stderr);
    const SPLIT = '\n\0\n';
    const [begun = '', asked = ''] = steady(`${gateway.stdout()}${SPLIT}${status.stdout}`, [
      [PASSWORD, shownPasswords()],
      [/(?<=port |or |localhost:|\.1 +)\d{4,5}\b/g, PORTS],
      [/(?<=Version: +)\S+/g, [version]],
      [/(?<=Process: +)\d+/g, ['4711']],
      [/(?<=Since: +)\S.*/g, ['2026-11-26 09:41 CET']],
      [/(?<=Free: +)\S.*/g, ['52.4 GiB']],
    ]).split(SPLIT);
    const [first = ''] = begun.split('\nManage it:');
    holdPicture(
      'start.svg',
      terminalSvg({
        title: 'The first screen: npm start, and sluis status beside it',
        description:
          'npm start prints the settings for a mail program, three accounts with their passwords, a line that sends a message and one that fetches it. In a second terminal sluis status says that the gateway is ready, since when, what is free, and which listeners it has.',
        runs: [
          { command: 'npm start', output: `${first.trimEnd()}\n...` },
          { command: 'npx sluis status --config data/sluis.toml', output: asked },
        ],
      }),
    );
  } finally {
    await gateway.end('SIGINT');
    rmSync(folder, { recursive: true, force: true });
  }
});
