/**
 * A region moves from a real Dovecot, with its programs polling all the time: fetchmail, mpop and
 * getmail keep their mail on the server, a fourth program deletes what it has. The name of the
 * server and the passwords stay: Dovecot hands on the logins of those that moved. Every message is
 * fetched by each program once, through the change, and back.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, after, before, test } from 'node:test';
import { attempt } from '../peers/run.ts';
import { secretFile } from '../peers/senders.ts';
import { sluis } from '../support/command-line.ts';
import { Dovecot } from '../support/dovecot.ts';
import { effort } from '../support/effort.ts';
import { HOSTNAME, Instance, type Served } from '../support/instance.ts';
import { withoutProgram } from '../support/require.ts';

const PRACTICES = effort(5, 25);
const BOXES = 4;
const MESSAGES = 10;
const PASSWORD = 'sluis-en-brug-62';
const skip =
  withoutProgram('dovecot', 'dovecot-pop3d') ||
  withoutProgram('fetchmail', 'fetchmail') ||
  withoutProgram('mpop', 'mpop') ||
  withoutProgram('getmail', 'getmail6');

const practiceOf = (p: number): string => `praktijk-${p}`;
const boxesOf = (p: number): string[] => Array.from({ length: BOXES }, (_, n) => `p${p}b${n}`);
const all = Array.from({ length: PRACTICES }, (_, p) => boxesOf(p)).flat();
const loginOf = (box: string): string => `${box}@region.test`;

let instance: Instance;
let dovecot: Dovecot;
let served: Served;
let oldPorts: { readonly pop3: number; readonly pop3s: number };
let hash = '';
/** How the old server treats those of a practice. */
const way = new Map<number, 'here' | 'nobody' | 'handed-on'>();

before(async () => {
  if (skip !== false) return;
  instance = await Instance.create();
  const other = await Instance.create();
  oldPorts = other.ports;
  other.remove();
  const certificates = join(instance.folder, 'certs-dev');
  dovecot = new Dovecot({
    ...oldPorts,
    key: join(certificates, 'server-key.pem'),
    certificate: join(certificates, 'server.pem'),
  });
  hash = execFileSync('openssl', ['passwd', '-6', '-stdin'], { input: PASSWORD, encoding: 'utf8' }).trim();
});
after(async () => {
  if (skip !== false) return;
  await served.stop();
  await dovecot.remove();
  instance.remove();
});

function writeUsers(): void {
  const extra = {
    here: '',
    nobody: 'nologin=y',
    'handed-on': `proxy=y host=127.0.0.1 port=${instance.ports.pop3s} ssl=any-cert`,
  };
  const lines = Array.from({ length: PRACTICES }, (_, p) =>
    boxesOf(p).map((box) => `${loginOf(box)}:{SHA512-CRYPT}${hash}::::::${extra[way.get(p) ?? 'here']}`),
  );
  dovecot.setUsers(lines.flat());
}

const file = (name: string, lines: readonly string[]): string => {
  const path = join(instance.folder, name);
  writeFileSync(path, `${lines.join('\n')}\n`);
  return path;
};

/**
 * A program at one mailbox: `poll` fetches once, `fetched` tells the subjects that it has, each as
 * often as it came.
 */
interface Program {
  readonly box: string;
  readonly poll: () => Promise<void>;
  fetched(): readonly string[];
}

const subjectsIn = (folder: string): string[] =>
  readdirSync(folder).flatMap((name) =>
    [...readFileSync(join(folder, name), 'latin1').matchAll(/^Subject: (.*?)\r?$/gm)].map(
      ([, subject = '']) => subject,
    ),
  );

function homeOf(program: string): string {
  const home = join(instance.folder, `home-${program}`);
  for (const part of ['mail/cur', 'mail/new', 'mail/tmp'])
    mkdirSync(join(home, part), { recursive: true, mode: 0o700 });
  return home;
}

function fetchmail(box: string): Program {
  const home = homeOf('fetchmail');
  const rc = secretFile(home, 'fetchmailrc', [
    `set idfile "${join(home, 'fetchids')}"`,
    `poll ${HOSTNAME} protocol pop3 port ${oldPorts.pop3s} uidl timeout 30`,
    `  user "${loginOf(box)}" password "${PASSWORD}" ssl sslcertck sslcertfile "${instance.ca}"`,
    `  no rewrite keep mda "sh -c 'cat > ${home}/mail/new/$$'"`,
  ]);
  const args = ['--silent', '--fetchmailrc', rc, '--pidfile', join(home, 'pid')];
  return {
    box,
    poll: async () => {
      await attempt('fetchmail', args, { home });
    },
    fetched: () => subjectsIn(join(home, 'mail/new')),
  };
}

function mpop(box: string, keep: 'on' | 'off'): Program {
  const home = homeOf(`mpop-${keep}`);
  const rc = secretFile(home, 'mpoprc', [
    `account old\nhost ${HOSTNAME}\nport ${oldPorts.pop3s}\nauth user\nuser ${loginOf(box)}\npassword ${PASSWORD}`,
    `tls on\ntls_starttls off\ntls_trust_file ${instance.ca}`,
    `delivery maildir ${home}/mail\nkeep ${keep}\nreceived_header off\nuidls_file ${join(home, 'uidls')}`,
    'account default : old',
  ]);
  return {
    box,
    poll: async () => {
      await attempt('mpop', ['-C', rc, '--quiet'], { home });
    },
    fetched: () => subjectsIn(join(home, 'mail/new')),
  };
}

function getmail(box: string): Program {
  const home = homeOf('getmail');
  secretFile(home, 'getmailrc', [
    `[retriever]\ntype = SimplePOP3SSLRetriever\nserver = ${HOSTNAME}\nport = ${oldPorts.pop3s}`,
    `username = ${loginOf(box)}\npassword = ${PASSWORD}\nca_certs = ${instance.ca}`,
    `[destination]\ntype = MDA_external\npath = /bin/sh\narguments = ('-c', 'cat > ${home}/mail/new/$$')\nallow_root_commands = true`,
    '[options]\ndelete = false\nread_all = false\ndelivered_to = false\nreceived = false\nverbose = 0',
  ]);
  const args = ['--getmaildir', home, '--rcfile', 'getmailrc', '--quiet'];
  return {
    box,
    poll: async () => {
      await attempt('getmail', args, { home });
    },
    fetched: () => subjectsIn(join(home, 'mail/new')),
  };
}

/** Beside the programs, which go on meanwhile. */
async function said(...args: string[]): Promise<string> {
  const ran = await sluis([...args, '--config', instance.config]);
  assert.equal(ran.code, 0, `${args.join(' ')}: ${ran.stdout}${ran.stderr}`);
  return ran.stdout;
}

/**
 * Goes on without a pause until it is told to end; a poll that is refused is tried again, as
 * programs do.
 */
function polling(programs: readonly Program[]): () => Promise<number> {
  let [ended, polls] = [false, 0];
  const loops = programs.map(async ({ poll }) => {
    while (!ended) {
      await poll();
      polls += 1;
    }
  });
  return async () => {
    ended = true;
    await Promise.all(loops);
    return polls;
  };
}

function deliver(box: string, n: number): void {
  const text = `From: lab@old.test\nTo: ${loginOf(box)}\nMessage-ID: <${box}-${n}@old.test>\nSubject: ${box} ${n}\n\n.text ${'x'.repeat(n * 200)}\n`;
  const name = `${1_764_000_000 + n}.M${n}P1.old`;
  writeFileSync(join(dovecot.maildirOf(loginOf(box)), 'new', name), text, { mode: 0o666 });
}

const expected = (box: string, most: number): string[] =>
  Array.from({ length: most }, (_, n) => `${box} ${n + 1}`).sort();

async function inRounds(programs: readonly Program[], rounds: number): Promise<void> {
  for (let n = 0; n < rounds; n += 1) await Promise.all(programs.map(({ poll }) => poll()));
}

test(
  'a region moves in two waves and one practice goes back, and no program fetches a message twice or misses one',
  { skip, timeout: 900_000 },
  async (t: TestContext) => {
    for (const box of all) {
      for (const part of ['cur', 'new', 'tmp'])
        mkdirSync(join(dovecot.maildirOf(loginOf(box)), part), { recursive: true });
      for (let n = 1; n <= MESSAGES; n += 1) deliver(box, n);
    }
    writeUsers();
    await dovecot.start();
    served = await instance.serve();
    for (let p = 0; p < PRACTICES; p += 1) await said('organisation', 'add', practiceOf(p), '--title', `Praktijk ${p}`);
    const accounts = Array.from({ length: PRACTICES }, (_, p) =>
      boxesOf(p).map((box) => `${loginOf(box)},${loginOf(box)},${practiceOf(p)},{SHA512-CRYPT}${hash}`),
    ).flat();
    await said('account', 'import', file('accounts.csv', ['login,address,organisation,password_hash', ...accounts]));

    // Each kind of program at a mailbox of another practice; the first practice moves in the first
    // wave and goes back.
    const programs = [fetchmail('p0b0'), mpop('p0b1', 'on'), mpop('p0b2', 'off'), getmail('p1b0')];
    await inRounds(programs, 2);
    for (const program of programs)
      assert.deepEqual([...program.fetched()].sort(), expected(program.box, MESSAGES), program.box);

    const boxes = file('boxes.csv', [
      'account,maildir',
      ...all.map((box) => `${loginOf(box)},${dovecot.maildirOf(loginOf(box))}`),
    ]);
    const withPasswords = file('passwords.csv', [
      'account,user,password',
      ...all.map((box) => `${loginOf(box)},${loginOf(box)},${PASSWORD}`),
    ]);
    const server = ['--pop3', `${HOSTNAME}:${oldPorts.pop3s}`, '--ca', instance.ca];
    const half = Math.ceil(PRACTICES / 2);
    const waves = [
      Array.from({ length: half }, (_, p) => p),
      Array.from({ length: PRACTICES - half }, (_, p) => p + half),
    ];
    const took: string[] = [];
    const stop = polling(programs);
    for (const [w, members] of waves.entries()) {
      const names = members.map(practiceOf);
      let began = performance.now();
      const rehearsed = await said(
        'takeover',
        'rehearse',
        ...names,
        '--wave',
        `w${w}`,
        '--day',
        'today',
        '--from',
        withPasswords,
        ...server,
      );
      took.push(`rehearsal ${((performance.now() - began) / members.length).toFixed(0)} ms a practice`);
      assert.match(rehearsed, /can move\./);
      for (const p of members) way.set(p, 'nobody');
      writeUsers();
      // Polls that were let in before end by themselves.
      await new Promise((resolve) => setTimeout(resolve, 3000));
      began = performance.now();
      const moved = await said('takeover', 'wave', `w${w}`, '--from', boxes, '--reason', 'wave');
      took.push(`wave ${((performance.now() - began) / members.length).toFixed(0)} ms a practice`);
      assert.match(moved, new RegExp(`${members.length} practices moved`));
      for (const p of members) way.set(p, 'handed-on');
      writeUsers();
    }
    const polls = await stop();
    await inRounds(programs, 2);
    for (const program of programs)
      assert.deepEqual([...program.fetched()].sort(), expected(program.box, MESSAGES), program.box);
    const status = await said('takeover', 'status', '--old-log', dovecot.logFile);
    assert.match(status, new RegExp(`${PRACTICES} moved, 0 went back`));
    assert.match(status, /Nobody who has moved logs in at the old server/);
    t.diagnostic(
      `${PRACTICES} practices, ${all.length} mailboxes, ${all.length * MESSAGES} messages, ${polls} polls meanwhile: ${took.join(', ')}`,
    );

    way.set(0, 'nobody');
    writeUsers();
    await new Promise((resolve) => setTimeout(resolve, 3000));
    const back = await said(
      'takeover',
      'back',
      practiceOf(0),
      '--from',
      boxes,
      '--addresses-stay',
      '--reason',
      'their program',
    );
    assert.match(back, new RegExp(`${BOXES * MESSAGES - MESSAGES} messages are there as before`));
    for (const box of boxesOf(0)) deliver(box, MESSAGES + 1);
    way.set(0, 'here');
    writeUsers();
    await inRounds(programs, 3);
    for (const program of programs)
      assert.deepEqual(
        [...program.fetched()].sort(),
        expected(program.box, program.box === 'p1b0' ? MESSAGES : MESSAGES + 1),
        program.box,
      );
  },
);
