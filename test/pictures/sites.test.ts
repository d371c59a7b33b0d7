/**
 * docs/two-sites.svg: the service on two sites, drawn from the files of docs/examples/two-sites.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { arrow, box, drawing, frame, label } from './drawing.ts';
import { holdPicture } from './held.ts';

const docs = join(import.meta.dirname, '..', '..', 'docs');
const example = (name: string): string => readFileSync(join(docs, 'examples', 'two-sites', name), 'utf8');

/** The groups of the pattern, in the only place where it is. */
function oneOf(text: string, pattern: RegExp): readonly string[] {
  const found = new Set(Array.from(text.matchAll(new RegExp(pattern, 'gm')), ([, ...groups]) => groups.join(' ')));
  assert.equal(found.size, 1, `${String(pattern)} was found as ${[...found].join(', ')}`);
  return [...found][0]?.split(' ') ?? [];
}

interface Sites {
  /** Of the servers of PostgreSQL, the primary first. */
  readonly servers: readonly string[];
  readonly balancers: readonly string[];
  /** With their places: `['noord', '192.0.2.11']`. */
  readonly gateways: readonly (readonly [place: string, address: string])[];
  readonly service: string;
  readonly primaryAt: string;
  readonly confirming: string;
  readonly asked: string;
}

function sites(): Sites {
  const [etcd, haproxy, keepalived, patroni] = ['etcd.env', 'haproxy.cfg', 'keepalived.conf', 'patroni.yml'].map(
    example,
  ) as [string, string, string, string];
  const [cluster = ''] = oneOf(etcd, /^ETCD_INITIAL_CLUSTER=(.+)$/);
  const servers = cluster.split(',').map((one) => one.split('=')[0] ?? '');
  const [name] = oneOf(patroni, /^name: (\S+)$/);
  assert.deepEqual([name, servers.length], [servers[0], 3]);
  assert.deepEqual(oneOf(patroni, /synchronous_mode: (\S+)$/), ['quorum']);
  const [confirming = ''] = oneOf(patroni, /synchronous_node_count: (\d+)$/);
  const backends = [...haproxy.matchAll(/^ {4}server (\S+) ([\d.]+):\d+$/gm)].map(([, place, at]) => `${place} ${at}`);
  const gateways = [...new Set(backends)].map((one) => one.split(' ') as [string, string]);
  assert.equal(gateways.length, 2, 'each backend has the same two');
  const [interval = ''] = oneOf(haproxy, /default-server .* inter (\d+)ms/);
  const [self = ''] = oneOf(keepalived, /unicast_src_ip ([\d.]+)$/);
  const [peer = ''] = oneOf(keepalived, /unicast_peer \{\n\s+([\d.]+)$/);
  const [service = ''] = oneOf(keepalived, /virtual_ipaddress \{\n\s+([\d.]+)\//);
  const [primaryAt = ''] = oneOf(patroni, /connect_address: ([\d.]+):5432$/);
  return {
    servers,
    balancers: [self, peer],
    gateways,
    service,
    primaryAt,
    confirming,
    asked: `${1000 / Number(interval)} times a second`.replace(/^2 times/, 'twice').replace(/^1 times/, 'once'),
  };
}

/** Columns of the three places, and the lines of what stands in them. */
const [WIDTH, FIRST, STEP] = [264, 16, 282];
const at = (place: number): number => FIRST + STEP * place;
const middle = (place: number): number => at(place) + WIDTH / 2;

function sitesSvg({ servers, balancers, gateways, service, primaryAt, confirming, asked }: Sites): string {
  const places = servers.map((name) => name.split('-')[0] ?? '');
  const [primary = '', ...standbys] = servers;
  const inside = (place: number, y: number, height: number) => [at(place) + 12, y, WIDTH - 24, height] as const;
  return drawing({
    title: 'A service on two sites and a third place',
    description: `Clients reach ${service}, which one of two HAProxy has: ${balancers.join(' and ')}. Each HAProxy asks both gateways ${asked} and leads sessions to whichever is ready: ${gateways.map(([place, address]) => `${address} at ${place}`).join(', ')}. Both gateways write to the one primary, ${primary}, whose log goes to ${standbys.join(' and ')}. A 250 is said when the primary and any ${confirming} of the two have the message on their disks. etcd and Patroni stand at all three places, and two of three votes decide who is primary. The third place has no gateway.`,
    width: 860,
    height: 470,
    parts: [
      box('box', [at(0) + 145, 10, 256, 56], ['Clients', `${service}, or both addresses`]),
      ...places.map((place, n) =>
        frame(at(n), 84, WIDTH, 344, n < gateways.length ? place : `${place}: the third place`),
      ),
      ...balancers.map((address, n) => box('box', inside(n, 112, 56), [`HAProxy ${address}`, `asks both ${asked}`])),
      ...gateways.map(([, address], n) => box('box', inside(n, 206, 44), [`Gateway ${address}`])),
      label(at(2) + 24, 233, 'no gateway, no HAProxy', 'soft'),
      ...servers.map((name, n) =>
        box('disk', inside(n, 296, 56), [
          `PostgreSQL ${name}`,
          n === 0 ? `primary, ${primaryAt}` : 'standby, confirms',
        ]),
      ),
      ...servers.map((_, n) =>
        box('box', inside(n, 376, 40), [
          n < gateways.length ? 'etcd, Patroni: a vote' : 'etcd, Patroni: a vote; backups',
        ]),
      ),
      ...[0, 1].map((n) => arrow(`M${at(0) + 273 + (n - 0.5) * 80} 66L${middle(n) + (0.5 - n) * 40} 108`)),
      ...[0, 1].map((n) => arrow(`M${middle(n)} 168V202`)),
      arrow(`M${middle(0) + 60} 168L${middle(1) - 60} 202`),
      arrow(`M${middle(1) - 60} 168L${middle(0) + 60} 202`),
      arrow(`M${middle(0)} 250V292`),
      arrow(`M${middle(1) - 60} 250L${middle(0) + 60} 292`),
      arrow(`M${at(0) + WIDTH - 12} 316H${at(1) + 8}`),
      arrow(`M${middle(0)} 352V364H${middle(2)}V356`),
      label(at(0) + WIDTH - 6, 308, 'log', 'soft'),
      label(
        at(0) + 12,
        452,
        `250: when ${primary} and any ${confirming} of ${standbys.join(', ')} have the message on their disks`,
      ),
    ],
  });
}

test('docs/two-sites.svg shows what the files of docs/examples/two-sites set up', () => {
  const found = sites();
  holdPicture('two-sites.svg', sitesSvg(found));
  const page = readFileSync(join(docs, 'two-sites.md'), 'utf8');
  const told = [...found.servers, ...found.gateways.map(([place]) => place), `ANY ${found.confirming}`, found.asked];
  for (const name of told) assert.ok(page.includes(name), `docs/two-sites.md tells of ${name}`);
});
