/**
 * kill -9 of the gateway, and of the command, in the middle of a wave and of the way back: the same
 * command goes on, and each message is somewhere once.
 */
// @release: several transactions, each whole by itself: `kill9` and `store-power` try that a transaction is, at every merge.
// @beside
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, after, test } from 'node:test';
import { scratch } from '../claims/scratch.ts';
import { sluis, start } from '../support/command-line.ts';
import { effort } from '../support/effort.ts';
import { Instance, type Served, loginOf } from '../support/instance.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { SmtpClient } from '../support/smtp-client.ts';
import { until } from '../support/until.ts';

const BOXES = ['anna', 'bert', 'carla', 'dirk'];
const MESSAGES = 150;
/** That come here for each mailbox, and that nobody fetches. */
const NEW = 40;
const KILLS = effort(4, 10);

interface Scene {
  readonly instance: Instance;
  readonly file: string;
  readonly maildirOf: (box: string) => string;
  /** Started again after it was killed. */
  served: Served;
}
const scenes: Scene[] = [];
after(async () => {
  for (const { served, instance } of scenes) {
    await served.stop();
    instance.remove();
  }
});

/** Rehearsed, and its gateway serves. */
async function sceneFor(): Promise<Scene> {
  const instance = await Instance.create();
  instance.addAccounts(BOXES);
  const maildirOf = (box: string): string => join(instance.folder, 'old', box);
  for (const box of BOXES) {
    for (const part of ['cur', 'new', 'tmp']) mkdirSync(join(maildirOf(box), part), { recursive: true });
    for (let n = 1; n <= MESSAGES; n += 1)
      writeFileSync(
        join(maildirOf(box), 'new', `${1_764_000_000 + n}.M${n}.old`),
        `Subject: ${box} ${n}\r\n\r\n${'x'.repeat(n * 20)}\r\n`,
      );
  }
  const file = join(instance.folder, 'boxes.csv');
  writeFileSync(file, ['account,maildir', ...BOXES.map((box) => `${box},${maildirOf(box)}`), ''].join('\n'));
  const scene = { instance, file, maildirOf, served: await instance.serve() };
  scenes.push(scene);
  instance.sluis('takeover', 'rehearse', '--wave', 'w1', '--day', 'today', '--from', file);
  return scene;
}

const subjectOf = (octets: Buffer): string => /^Subject: (.*?)\r?$/m.exec(octets.toString('latin1'))?.[1] ?? '';

async function here({ instance }: Scene, box: string): Promise<readonly string[]> {
  const client = await Pop3Client.open(instance.target('pop3s'), loginOf(box));
  const subjects: string[] = [];
  for (const n of (await client.uidl()).keys()) subjects.push(subjectOf(await client.fetch(n)));
  await client.quit();
  return subjects;
}

const there = ({ maildirOf }: Scene, box: string): readonly string[] =>
  ['cur', 'new'].flatMap((part) =>
    readdirSync(join(maildirOf(box), part)).map((name) => subjectOf(readFileSync(join(maildirOf(box), part, name)))),
  );

/** What is missing of `wanted`, and what is there more often than once. */
function judged(wanted: readonly string[], found: readonly string[]): { lost: number; twice: number } {
  const seen = new Set(found);
  return { lost: wanted.filter((one) => !seen.has(one)).length, twice: found.length - seen.size };
}

/**
 * Kills the command, or the gateway under it, each time some of the way further on; `done` tells
 * how far it is.
 */
async function killed(scene: Scene, args: readonly string[], done: () => number): Promise<number[]> {
  const { instance } = scene;
  const seen: number[] = [];
  for (let round = 0; round < KILLS; round += 1) {
    const before = done();
    const command = start([...args, '--config', instance.config]);
    const enough = before + 1 + 7 * (round % 4);
    await until('some messages', () => done() >= enough || command.child.exitCode !== null, 60_000);
    if (round % 2 === 0) command.child.kill('SIGKILL');
    else await scene.served.kill();
    await command.end('SIGKILL');
    if (round % 2 !== 0) scene.served = await instance.serve();
    seen.push(done());
  }
  return seen;
}

/**
 * The same command once more. What a killed one had sent last may be filed while this one looks:
 * then it says so, and is given again.
 */
async function toItsEnd({ instance }: Scene, args: readonly string[]): Promise<string> {
  for (let turn = 1; ; turn += 1) {
    const ran = await sluis([...args, '--config', instance.config]);
    if (ran.code === 0) return ran.stdout;
    assert(turn < 3, `${args.join(' ')}: ${ran.stdout}${ran.stderr}`);
  }
}

const namesOf = (box: string, from: number): string[] =>
  Array.from({ length: MESSAGES - from + 1 }, (_, n) => `${box} ${from + n}`);
const newOf = (box: string): string[] => Array.from({ length: NEW }, (_, n) => `new for ${box} ${n}`);
const wave = ({ file }: Scene): string[] => ['takeover', 'wave', 'w1', '--from', file, '--reason', 'wave'];
const back = ({ file }: Scene): string[] => [
  ...['takeover', 'back', 'ledger', '--from', file, '--addresses-stay', '--reason', 'their program'],
];

/** Each owner deletes one of the old server's, and mail comes that nobody fetches. */
async function lived(scene: Scene): Promise<void> {
  const { instance } = scene;
  for (const box of BOXES) {
    const client = await Pop3Client.open(instance.target('pop3s'), loginOf(box));
    await client.fetch(1);
    await client.command('DELE 1');
    await client.quit();
  }
  const sender = await SmtpClient.open(instance.target('submissions'), loginOf('anna'));
  for (const box of BOXES)
    for (const subject of newOf(box))
      await sender.submit(
        'anna@ledger.test',
        [`${box}@ledger.test`],
        Buffer.from(`From: anna@ledger.test\r\nSubject: ${subject}\r\n\r\nx\r\n`),
      );
  await sender.quit();
}

const imported =
  ({ instance }: Scene) =>
  (): number =>
    instance.count('SELECT count(*) FROM imported');
/** Written at the old server, beside what it had. */
const written = (scene: Scene) => (): number =>
  BOXES.reduce((sum, box) => sum + there(scene, box).filter((subject) => subject.startsWith('new')).length, 0);

async function judgeBack(scene: Scene): Promise<{ lost: number; twice: number }> {
  const sum = { lost: 0, twice: 0 };
  for (const box of BOXES) {
    const { lost, twice } = judged([...namesOf(box, 2), ...newOf(box)], there(scene, box));
    sum.lost += lost;
    sum.twice += twice;
  }
  return sum;
}

test(
  `${KILLS} times killed and repeated, a wave and the way back lose nothing and bring nothing twice`,
  { timeout: 600_000 },
  async (t: TestContext) => {
    const scene = await sceneFor();
    const wanted = BOXES.flatMap((box) => namesOf(box, 1));
    const moved = await killed(scene, wave(scene), imported(scene));
    t.diagnostic(`imported after each kill: ${moved.join(', ')}`);
    assert(moved[0]! < wanted.length, 'the first kill came too late to prove anything');
    await toItsEnd(scene, wave(scene));
    const found = (await Promise.all(BOXES.map((box) => here(scene, box)))).flat();
    assert.deepEqual(judged(wanted, found), { lost: 0, twice: 0 });

    await lived(scene);
    const went = await killed(scene, back(scene), written(scene));
    t.diagnostic(`written at the old server after each kill: ${went.join(', ')}`);
    assert(went[0]! < BOXES.length * NEW, 'the first kill came too late to prove anything');
    assert.notDeepEqual(await judgeBack(scene), { lost: 0, twice: 0 }, 'cut short, something is missing there');
    assert.match(await toItsEnd(scene, back(scene)), /ledger is back at the old server/);
    assert.deepEqual(await judgeBack(scene), { lost: 0, twice: 0 });
    for (const box of BOXES) {
      assert.deepEqual(await here(scene, box), [], box);
      assert(!there(scene, box).includes(`${box} 1`), 'what its owner deleted is deleted there');
    }
    assert.equal(imported(scene)(), 0, 'the next wave takes all of it again');
    scene.instance.sluis('audit', 'verify');
  },
);

/** Kills until one falls between a message that was written and the note of it. */
const MOST_KILLS = 60;

test(
  'a command that gave each file another name would bring some twice, and this finds it',
  { timeout: 600_000 },
  async (t: TestContext) => {
    const copy = scratch(tmpdir());
    t.after(() => copy.remove());
    await copy.change({
      file: 'src/commands/takeover/back.ts',
      edits: [['.S${message}.sluis', '.S${message}-${Date.now()}.sluis']],
    });
    const main = join(copy.root, 'src', 'main.ts');
    const scene = await sceneFor();
    await toItsEnd(scene, wave(scene));
    await lived(scene);
    const twice = (): number =>
      written(scene)() - new Set(BOXES.flatMap((box) => there(scene, box)).filter((one) => one.startsWith('new'))).size;
    let kills = 0;
    for (; kills < MOST_KILLS && twice() === 0; kills += 1) {
      const enough = written(scene)() + 1;
      const command = start([...back(scene), '--config', scene.instance.config], { main });
      await until('a message', () => written(scene)() >= enough || command.child.exitCode !== null, 60_000);
      await command.end('SIGKILL');
    }
    t.diagnostic(`twice after ${kills} kills`);
    assert(twice() > 0);
  },
);
