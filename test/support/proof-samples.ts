/**
 * One sample of all that proves something, written by a gateway that runs, for programs that check
 * it (docs/formats.md). What differs from one run to the next are the gateway's keys and ids, and
 * the moment; the folder `lanes` is the same octets each time.
 *
 * ```
 * keys/       anchor.pem, evidence.pem, authority.pem (of the time stamps)
 * trail/      export.jsonl, and bare.jsonl: the same without who and where
 * anchors/    HOST-DAY.jsonl, HOST-DAY.timestamps
 * lanes/      export.jsonl, anchors.jsonl, anchor.pem: lanes 0, 3 and 5, with a row of the oldest form, one whose who was erased, an approval by passkey
 * evidence/   bundle.eml: a message of two submissions, with rows of others between and a time stamp
 * statement/  as "sluis statement" writes it, with a certificate of the operator
 * drills/     a drill of a restore and one of sites, each with its signature
 * ```
 */
import { copyFileSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hours, instant, milliseconds } from '../../src/domain/units.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { commandsOn } from './command-line.ts';
import { lanesOfThree } from './format-examples.ts';
import { addressOf, loginOf, startTestGateway } from './gateway.ts';
import { send } from './mail.ts';
import { FakeSites } from './sites.ts';
import { startTimeAuthority } from './time-authority.ts';
import type { Cleanup } from './store.ts';
import { until } from './until.ts';

const letter = (id: string, body = 'hello'): Buffer =>
  Buffer.from(
    `From: <${addressOf('anna')}>\r\nTo: <${addressOf('bert')}>\r\nDate: Wed, 25 Nov 2026 12:00:00 +0000\r\nMessage-ID: <${id}@group.test>\r\nSubject: s\r\n\r\n${body}\r\n`,
  );

const copy = (from: string, to: string): void => {
  mkdirSync(to);
  for (const name of readdirSync(from)) copyFileSync(join(from, name), join(to, name));
};

const linesIn = (folder: string, end: string): number =>
  readdirSync(folder)
    .filter((name) => name.endsWith(end))
    .reduce((sum, name) => sum + readFileSync(join(folder, name), 'utf8').split('\n').length - 1, 0);

/**
 * `folder` must exist and be empty. When this resolves, everything that ran for it has ended, or
 * ends with `t`.
 */
export async function makeProofSamples(folder: string, t: Cleanup): Promise<void> {
  const at = (...names: string[]): string => join(folder, ...names);
  const authority = await startTimeAuthority(t);
  const sites = new FakeSites();
  // The last certificate begins today, since openssl accepts none that begins tomorrow.
  let shift = hours(-2);
  const clock = { ...systemClock, now: () => instant(systemClock.now() + shift) };
  clock.after = systemClock.after.bind(systemClock);
  const gateway = await startTestGateway({
    ...{ accounts: ['anna', 'bert'], sites, clock },
    configuration: `[backup]\nfolder = "backups"\n[audit]\ntimestamp-url = "${authority.url}"\ntimestamp-authorities = ["${authority.root}"]\n`,
  });
  try {
    const { done, json } = commandsOn(() => gateway.config.file);
    const submit = (id: string, body?: string): Promise<unknown> =>
      send(gateway.target('submission'), loginOf('anna'), {
        ...{ from: addressOf('anna'), to: [addressOf('bert')], content: letter(id, body) },
      });
    const anchors = join(gateway.folder, 'keys', 'anchors');
    const stamped = (n: number): Promise<void> =>
      until('an anchor is stamped', () => linesIn(anchors, '.timestamps') >= n);
    await stamped(1);
    await submit('1');
    await done('audit', 'anchor');
    await submit('other');
    // The next stamp is due after an hour.
    shift = milliseconds(0);
    await submit('1', 'hello again');
    await submit('other', 'another one');
    await done('audit', 'anchor');
    await stamped(2);
    await done('backup', 'take');
    await done('drill', 'restore', '--reason', 'a year has passed');
    const site = ['--from', 'noord', '--to', 'zuid', '--there', '2h', '--back', '1h', '--person', 'J. Smit'];
    await done('drill', 'site', ...site, '--outage', '3', '--measured-by', 'watch', '--lost', '0');

    mkdirSync(at('evidence'));
    await done('trace', '<1@group.test>', '--bundle', at('evidence', 'bundle.eml'), '--reason', 'complaint 17');
    const given = join(gateway.folder, 'iso-27001.pdf');
    writeFileSync(given, Buffer.from([0x25, 0x50, 0x44, 0x46, 0, 0xff]));
    await done('statement', '--out', at('statement'), '--certificate', given, '--organisation', 'group');
    mkdirSync(at('trail'));
    // Characters that programs write in different ways in JSON.
    await done('audit', 'export', at('trail', 'export.jsonl'), '--reason', 'çontrole "2026"\u2028\\\u007f/');
    await done('audit', 'export', at('trail', 'bare.jsonl'), '--without-personal');

    const { pem } = await json<{ pem: string }>('evidence', 'certificate');
    mkdirSync(at('keys'));
    writeFileSync(at('keys', 'evidence.pem'), pem);
    copyFileSync(join(gateway.folder, 'keys', 'audit', 'anchor.pem'), at('keys', 'anchor.pem'));
    copyFileSync(authority.root, at('keys', 'authority.pem'));
    copy(anchors, at('anchors'));
    copy(join(gateway.folder, 'backups', 'drills'), at('drills'));
  } finally {
    await gateway.remove();
  }
  mkdirSync(at('lanes'));
  for (const [name, text] of Object.entries(lanesOfThree())) writeFileSync(at('lanes', name), text);
}
