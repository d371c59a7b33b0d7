/**
 * `check --monitor`: one line and one of four codes, whatever happens; and the limits of
 * docs/alerts.yml.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type TestContext, test } from 'node:test';
import { type Figure, LEVELS, LIMITS, MONITORED, judged, worst } from '../../src/domain/monitor.ts';
import { serving, sluis, sluisHere } from '../support/command-line.ts';
import { type TestGateway, startTestGateway } from '../support/gateway.ts';

/** Nagios' own: text, then labels with value, unit, warning and critical. */
const LINE = /^SLUIS (OK|WARNING|CRITICAL|UNKNOWN): [^|\n]+( \| ('[a-z_]+'=-?\d+[a-zB]*(;[\d:]*){0,2} ?)+)?\n$/;

async function asked(config: string): Promise<{ code: number | null; line: string }> {
  const { code, stdout, stderr } = await sluisHere(['check', '--monitor', '--config', config]);
  assert.match(stdout, LINE);
  assert.equal(stderr, '');
  assert.equal(LEVELS[code ?? -1], /^SLUIS (\w+)/.exec(stdout)?.[1]);
  return { code, line: stdout };
}

async function open(t: TestContext): Promise<TestGateway> {
  const gateway = await startTestGateway({ accounts: ['anna'] });
  t.after(() => gateway.remove());
  return gateway;
}

test('a gateway that runs without backups is a warning, with figures', async (t) => {
  const gateway = await open(t);
  const before = await gateway.store.audit.head();
  const { code, line } = await asked(gateway.config.file);
  assert.equal(code, 1);
  assert.match(line, /no backups are taken/);
  for (const name of ['free', 'certificate_days', 'queue', 'held', 'queue_oldest', 'connections', 'listeners'])
    assert.match(line, new RegExp(`'${name}'=\\d`));
  assert.deepEqual(await gateway.store.audit.head(), before, 'a monitor that asks each minute writes no rows');
  const json = await sluisHere(['check', '--monitor', '--json', '--config', gateway.config.file]);
  assert.equal(json.code, 1);
  assert.equal((JSON.parse(json.stdout) as { line: string }).line.split(' | ')[0], line.split(' | ')[0]);
});

test('no gateway is critical, and the store is not opened', async (t) => {
  const gateway = await open(t);
  await gateway.stop();
  assert.match((await asked(gateway.config.file)).line, /^SLUIS CRITICAL: no gateway runs\n$/);
});

test('a gateway that hangs is critical within the time that Zabbix gives', async (t) => {
  const gateway = await open(t);
  await gateway.stop();
  const running = await serving(gateway.config.file);
  try {
    running.child.kill('SIGSTOP');
    const { code, stdout } = await sluis(['check', '--monitor', '--config', gateway.config.file]);
    assert.equal(code, 2);
    assert.match(stdout, /^SLUIS CRITICAL: Cannot ask the gateway: it does not answer within 2 s\n$/);
  } finally {
    running.child.kill('SIGCONT');
    await running.end();
  }
});

test('a configuration that cannot be read is unknown', async (t) => {
  const gateway = await open(t);
  const file = join(gateway.folder, 'other.toml');
  writeFileSync(file, 'hostname = 1\nfoo = "a | b"\n');
  assert.equal((await asked(file)).code, 3);
});

test('a listener that the configuration has and the gateway has not is told of', async (t) => {
  const gateway = await open(t);
  const file = join(gateway.folder, 'sluis.toml');
  const more = '[[listener]]\nname = "extra"\nprotocol = "smtp"\naddress = "127.0.0.1"\nport = 0\ntls = "implicit"\n';
  writeFileSync(file, `${readFileSync(file, 'utf8')}\n${more}`);
  assert.match((await asked(file)).line, /listener extra of the configuration is not open/);
});

const figure = (name: string, value: number | null, labels: Figure['labels'] = {}): Figure => ({ name, value, labels });

test('each limit holds from just beyond it on, and what there never was is beyond every age', () => {
  for (const limit of LIMITS) {
    const [label = '', [first = ''] = []] = limit.only ?? [];
    const at = (value: number | null): readonly unknown[] => {
      const most = typeof limit.above === 'string' ? [figure(limit.above, 100)] : [];
      return judged([figure(limit.figure, value, label === '' ? {} : { [label]: first }), ...most], [limit]);
    };
    const edge = limit.below ?? (typeof limit.above === 'string' ? 100 : (limit.above ?? 0));
    assert.equal(at(edge).length, 0, limit.alert);
    assert.equal(at(limit.below === undefined ? edge + 1 : edge - 1).length, 1, limit.alert);
    assert.equal(at(null).length, limit.below === undefined ? 1 : 0, limit.alert);
    assert(MONITORED.has(limit.figure));
  }
  assert.deepEqual(judged([figure('sluis_certificate_days_left', 1, { kind: 'nobody' })]), []);
  assert.equal(worst([]), 'OK');
  assert.equal(worst(['WARNING', 'UNKNOWN']), 'UNKNOWN');
  assert.equal(worst(['WARNING', 'CRITICAL', 'UNKNOWN']), 'CRITICAL');
});

test('limits and levels are those of the alarms', () => {
  const file = fileURLToPath(new URL('../../docs/alerts.yml', import.meta.url));
  const alerts = new Map(
    readFileSync(file, 'utf8')
      .split(/^ +- alert: /m)
      .slice(1)
      .map((text) => [text.split('\n')[0] ?? '', text]),
  );
  const numberIn = (text: string): number => text.split('*').reduce((all, one) => all * Number(one), 1);
  for (const { alert, figure: name, level, below, above, only } of LIMITS) {
    const text = alerts.get(alert) ?? assert.fail(`no alarm ${alert}`);
    const [, expression = ''] = /^ +expr: (.*)$/m.exec(text) ?? [];
    const part = expression
      .split(' or ')
      .find((one) => one.startsWith(name) && (only?.[1] ?? []).every((v) => one.includes(v)));
    assert(part !== undefined, `${alert} does not ask for ${name}`);
    const [, how = '', limit = ''] = /(<|>|==) ([a-z_\d* .]+)$/.exec(part) ?? [];
    if (typeof above === 'string') assert.equal(limit, above);
    else if (how === '==') assert.equal(below, Number(limit) + 1, 'a switch is on or off');
    else assert.equal(how === '<' ? below : above, numberIn(limit), alert);
    assert.equal(text.includes('severity: page'), level === 'CRITICAL', alert);
  }
});
