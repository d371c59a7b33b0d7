/** The trail goes to rsyslog over TLS: each row, in order, over an end of either side. */
// @beside
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Instance, freePort } from '../support/instance.ts';
import { present, withoutProgram } from '../support/require.ts';
import { until } from '../support/until.ts';

const LIBRARIES = '/usr/lib';
const skip =
  withoutProgram('rsyslogd', 'rsyslog') ||
  present(
    'the library by which rsyslog speaks TLS',
    readdirSync(LIBRARIES).some((folder) => existsSync(join(LIBRARIES, folder, 'rsyslog', 'lmnsd_ossl.so'))),
    'install it with "apt-get install rsyslog-openssl"',
  );

interface Told {
  readonly event: string;
  readonly severity: string;
  readonly record: Readonly<Record<string, unknown>>;
}

/** A collector as an operator sets one up: syslog over TLS in, a file a line out. */
class Rsyslog {
  readonly folder = mkdtempSync(join(tmpdir(), 'sluis-rsyslog-'));
  readonly port: number;
  #child: ChildProcess | undefined;

  constructor(t: TestContext, port: number, certs: string) {
    this.port = port;
    const file = (name: string): string => join(this.folder, name);
    writeFileSync(
      file('rsyslog.conf'),
      `global(workDirectory="${this.folder}" maxMessageSize="16k" defaultNetstreamDriver="ossl"
  defaultNetstreamDriverCAFile="${certs}/ca.pem" defaultNetstreamDriverCertFile="${certs}/server.pem" defaultNetstreamDriverKeyFile="${certs}/server-key.pem")
module(load="imtcp" streamDriver.name="ossl" streamDriver.mode="1" streamDriver.authMode="anon")
input(type="imtcp" address="127.0.0.1" port="${port}")
template(name="told" type="string" string="%syslogfacility% %syslogseverity-text% %app-name% %hostname% %msgid% %structured-data% %msg%\\n")
if $syslogfacility == 13 then action(type="omfile" file="${file('told')}" template="told" flushOnTXEnd="on")
`,
    );
    t.after(async () => {
      await this.stop();
      rmSync(this.folder, { recursive: true, force: true });
    });
  }

  async start(): Promise<void> {
    const conf = join(this.folder, 'rsyslog.conf');
    const child = spawn('rsyslogd', ['-n', '-f', conf, '-i', 'NONE'], { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#child = child;
    let said = '';
    child.stderr.on('data', (piece: Buffer) => (said += piece.toString()));
    const port = `:${this.port.toString(16).toUpperCase().padStart(4, '0')} 00000000:0000 0A`;
    await until('rsyslog listens', () => {
      assert.equal(child.exitCode, null, said);
      return readFileSync('/proc/net/tcp', 'utf8').includes(port);
    });
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (child?.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  }

  get told(): readonly Told[] {
    const file = join(this.folder, 'told');
    if (!existsSync(file)) return [];
    return readFileSync(file, 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => {
        const [, severity, hostname, event, sequence, json] =
          /^13 (\w+) sluis (\S+) (\S+) \[meta sequenceId="(\d+)"\] (\{.*\})$/.exec(line) ?? [];
        assert.equal(hostname, 'localhost', line);
        const record = JSON.parse(json ?? '') as Told['record'];
        assert.equal(record.EventID, Number(sequence));
        assert.equal(record.EventTypeCode, event);
        return { event: event ?? '', severity: severity ?? '', record };
      });
  }
}

test(
  'rsyslog has every row of the trail behind the switching on, over a loss of the collector and a kill -9 of the gateway',
  { skip },
  async (t) => {
    const port = await freePort();
    const instance = await Instance.create({
      configuration: `[audit]\nforward-to = "localhost:${port}"\nforward-authorities = ["certs-dev/ca.pem"]\n`,
    });
    t.after(() => instance.remove());
    const collector = new Rsyslog(t, port, join(instance.folder, 'certs-dev'));
    await collector.start();
    let gateway = await instance.serve();
    const names: string[] = [];
    const add = (): void => {
      const name = `practice${names.length}`;
      instance.addAccounts([name]);
      names.push(name);
    };
    const added = (): string[] =>
      collector.told.flatMap(({ event, record }) =>
        event === 'registry.account-added' ? [String(record.AlternateUserID ?? record.ParticipantObjectID)] : [],
      );
    add();
    await until('the row of the account', () => new Set(added()).size === 1);
    await collector.stop();
    add();
    await collector.start();
    add();
    await until('rows of before the end and behind it', () => new Set(added()).size === 3, 60_000);
    await gateway.kill();
    gateway = await instance.serve();
    add();
    await until('rows behind the kill', () => new Set(added()).size === 4, 60_000);

    const ids = collector.told.map(({ record }) => Number(record.EventID));
    const [first = 0, last = 0] = [ids[0], ids.at(-1)];
    const listed = (JSON.parse(instance.sluis('audit', 'list', '--json', '--limit', '1000')) as { seq: number }[])
      .map(({ seq }) => seq)
      .filter((seq) => seq >= first && seq <= last);
    assert.deepEqual(
      [...new Set(ids)],
      listed.toSorted((a, b) => a - b),
      'none is left out, and the order is that of the trail',
    );
    assert.ok(
      collector.told.every(({ severity, record }) => (severity === 'info') === (record.EventOutcomeIndicator === 0)),
    );
    await gateway.kill();
  },
);
