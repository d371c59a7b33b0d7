/**
 * What is wrong with a login must not be told by the time that its refusal takes: unknown name,
 * wrong password, suspended account, an account that takes no password. Measured over the real
 * dialog, interleaved, so that whatever else the machine does meets all alike.
 *
 * The throttle is off here, or hardly any of these tries would be judged: guessing.test.ts attacks
 * it.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, afterEach, test } from 'node:test';
import { effort, testBeforeRelease } from '../support/effort.ts';
import { Instance, type InstanceOptions, type Served, loginOf } from '../support/instance.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { type Login, SmtpClient, plain } from '../support/smtp-client.ts';
import { quantile } from './support/attack.ts';

/** Of each kind: the median of so many, one after the other and, on the grid, some at a time. */
const TRIES = effort(120, 200);
const ON_GRID = effort(40, 200);
/**
 * On a slow machine a dozen wait so long for each other's hashes that three of them take more than
 * a step of the grid.
 */
const AT_A_TIME = effort(4, 12);
/** Sessions are closed at their fifth failure. */
const A_SESSION = 4;

let instance: Instance;
let served: Served;

async function start(configuration: InstanceOptions['configuration'] = ''): Promise<void> {
  instance = await Instance.create({ configuration });
  instance.addAccounts(['anna', 'suspended', 'certificate', 'several']);
  instance.sluis('account', 'suspend', 'suspended');
  instance.sluis('account', 'set', 'certificate', 'login=certificate');
  served = await instance.serve({ secrets: ['wrong-'] });
}
afterEach(async () => {
  if (!served.over) await served.kill();
  served.assertNoSecret();
  instance.remove();
});

type Kinds = Readonly<Record<string, (n: number) => Login>>;

/**
 * Right passwords where the account is what is wrong: a guesser who has one must not learn that.
 */
const kinds: Kinds = {
  'unknown name': (n) => ({ login: `nobody${n}@ledger.test`, password: `wrong-${n}` }),
  'wrong password': (n) => ({ login: 'anna', password: `wrong-${n}` }),
  'suspended account': () => loginOf('suspended'),
  'no password taken': () => loginOf('certificate'),
};

type Attempt = (login: Login) => Promise<string>;

/** A session that tries some logins and is left; `attempt` gives the reply. */
async function session(port: 'pop3s' | 'submissions', use: (attempt: Attempt) => Promise<void>): Promise<void> {
  if (port === 'pop3s') {
    const { wire } = await Pop3Client.open(instance.target(port));
    await use(async ({ login, password }) => {
      wire.send(`USER ${login}\r\n`);
      await wire.line();
      wire.send(`PASS ${password}\r\n`);
      return await wire.line();
    });
    return wire.destroy();
  }
  const client = await SmtpClient.open(instance.target(port));
  await use(async (login) => {
    client.wire.send(`AUTH PLAIN ${plain(login)}\r\n`);
    return await client.reply();
  });
  client.wire.destroy();
}

/** Milliseconds of each try, by kind. `tries` of each kind; `side`: sessions side by side. */
async function measure(
  kinds: Kinds,
  port: 'pop3s' | 'submissions',
  { tries: each, side }: { readonly tries: number; readonly side: number },
): Promise<ReadonlyMap<string, number[]>> {
  const times = new Map(Object.keys(kinds).map((kind) => [kind, [] as number[]]));
  const replies = new Set<string>();
  // One of each kind in turn, beginning with another each time.
  const names = Object.keys(kinds);
  const tries = Array.from({ length: each * names.length }, (_, n) => ({
    kind: names[(n + Math.floor(n / names.length)) % names.length] ?? '',
    n,
  }));
  const worker = async (): Promise<void> => {
    for (let mine = tries.splice(0, A_SESSION); mine.length > 0; mine = tries.splice(0, A_SESSION))
      await session(port, async (attempt) => {
        for (const { kind, n } of mine) {
          const login = kinds[kind]?.(n) ?? loginOf('anna');
          const before = performance.now();
          replies.add(await attempt(login));
          times.get(kind)?.push(performance.now() - before);
        }
      });
  };
  await Promise.all(Array.from({ length: side }, worker));
  assert.equal(replies.size, 1, `one answer for all, not ${[...replies].join(' / ')}`);
  assert.match([...replies].join(), /^(?:-ERR \[AUTH\] |535 5\.7\.8 )/);
  for (const values of times.values()) assert.equal(values.length, each);
  return times;
}

function report(t: TestContext, times: ReadonlyMap<string, number[]>, port: string): readonly number[] {
  return [...times].map(([kind, values]) => {
    const [q1, median, q3] = [0.25, 0.5, 0.75].map((share) => quantile(values, share)) as [number, number, number];
    t.diagnostic(`${port}, ${kind}: median ${median.toFixed(2)} ms (quartiles ${q1.toFixed(2)}, ${q3.toFixed(2)})`);
    return median;
  });
}

const spread = (medians: readonly number[]): number => Math.max(...medians) / Math.min(...medians) - 1;

testBeforeRelease('with nothing but the work itself, refusals of every kind take the same', async (t) => {
  await start('[auth]\nexempt-networks = ["127.0.0.0/8"]\nrefusal-grid = "0ms"\n');
  const all: number[] = [];
  for (const port of ['pop3s', 'submissions'] as const) {
    const medians = report(t, await measure(kinds, port, { tries: TRIES, side: 1 }), port);
    t.diagnostic(`${port}: the medians differ by ${(100 * spread(medians)).toFixed(1)} %`);
    assert.ok(spread(medians) < 0.25, 'the time of a refusal tells what was wrong');
    all.push(...medians);
  }
  // What it would look like if one of them took no hash: a login that is remembered takes none.
  const remembered: number[] = [];
  for (let i = 0; i < 40; i += 1)
    await session('submissions', async (attempt) => {
      const before = performance.now();
      assert.match(await attempt(loginOf('anna')), /^235/);
      remembered.push(performance.now() - before);
    });
  const control = quantile(remembered, 0.5);
  t.diagnostic(`a login without a hash: median ${control.toFixed(2)} ms`);
  assert.ok(control < Math.min(...all) / 2, 'a missing hash would not be seen: this test shows nothing');
});

test('as configured by default, refusals leave on a grid that hides also what several hashes cost', async (t) => {
  await start();
  for (const name of ['second', 'third'])
    instance.sluis(
      'account',
      'password',
      'add',
      'several',
      '--name',
      name,
      '--generate',
      '--out',
      join(instance.folder, name),
    );
  const more = { ...kinds, 'three passwords': (n: number) => ({ login: 'several', password: `wrong-${n}` }) };
  const medians = report(t, await measure(more, 'submissions', { tries: ON_GRID, side: AT_A_TIME }), 'submissions');
  t.diagnostic(`the medians differ by ${(100 * spread(medians)).toFixed(1)} %`);
  assert.ok(spread(medians) < 0.05, 'the time of a refusal tells what was wrong');
});
