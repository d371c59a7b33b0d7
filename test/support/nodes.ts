/**
 * Several nodes of one store in this process, which talk over real TLS on loopback. The days of
 * their stores are a list; everything else is real.
 */
import { execFileSync } from 'node:child_process';
import { createSecretKey, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { PeerAddress } from '../../src/cluster/channel/client.ts';
import type { ChannelMaterial } from '../../src/cluster/channel/identity.ts';
import { Cluster } from '../../src/cluster/cluster.ts';
import type { ErasureProof } from '../../src/cluster/erasure-proof.ts';
import { type KeptKey, packKeys } from '../../src/crypto/keys/kept-keys.ts';
import { KeyFolder } from '../../src/crypto/keys/key-folder.ts';
import type { Day } from '../../src/domain/utc-day.ts';
import { FakeClock } from './clock.ts';
import { MemoryLog } from './log.ts';
import type { Cleanup } from './store.ts';

/** An authority, made as docs/configuration.md (cluster) tells operators to. */
export class ClusterAuthority {
  readonly #folder: string;
  readonly ca: string;

  constructor(t: Cleanup) {
    this.#folder = mkdtempSync(join(tmpdir(), 'sluis-cluster-ca-'));
    t.after(() => rmSync(this.#folder, { recursive: true, force: true }));
    const ca = [...NEW_KEY, '-keyout', this.#at('ca.key'), '-x509', '-out', this.#at('ca.pem'), '-days', '30'];
    openssl('req', ...ca, '-subj', '/CN=Sluis cluster', '-addext', 'keyUsage=critical,keyCertSign,cRLSign');
    this.ca = readFileSync(this.#at('ca.pem'), 'utf8');
  }

  #at(name: string): string {
    return join(this.#folder, name);
  }

  /** `days`: how long it is valid from now on; below zero, it has ended. */
  issue(host: string, days = 30): ChannelMaterial {
    const [key, request, certificate, extensions] = ['key', 'csr', 'pem', 'ext'].map((kind) =>
      this.#at(`${host}.${kind}`),
    ) as [string, string, string, string];
    openssl('req', ...NEW_KEY, '-keyout', key, '-new', '-out', request, '-subj', `/CN=${host}`);
    writeFileSync(extensions, `subjectAltName=DNS:${host}\nextendedKeyUsage=serverAuth,clientAuth\n`);
    const signed = [
      '-req',
      '-in',
      request,
      '-CA',
      this.#at('ca.pem'),
      '-CAkey',
      this.#at('ca.key'),
      '-out',
      certificate,
    ];
    const ended = ['-not_before', '20240101000000Z', '-not_after', '20240201000000Z'];
    openssl('x509', ...signed, '-extfile', extensions, ...(days < 0 ? ended : ['-days', String(days)]));
    return { ca: this.ca, certificate: readFileSync(certificate, 'utf8'), key: readFileSync(key, 'utf8') };
  }
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
const openssl = (...words: readonly string[]): void => void execFileSync('openssl', words, { stdio: 'pipe' });

export interface NodeOptions {
  readonly name?: string;
  readonly storeId?: string;
  readonly masterKey?: Uint8Array;
  readonly material?: ChannelMaterial;
  readonly now?: number;
  /** Days that its store has erased. */
  readonly erased?: Set<Day>;
}

export class TestNode {
  readonly host: string;
  readonly folder: string;
  readonly keys: KeyFolder;
  readonly clock: FakeClock;
  readonly log = new MemoryLog();
  readonly erased: Set<Day>;
  /** Days whose keys it needs, and messages that its store has. */
  readonly used = new Set<Day>();
  readonly stored = new Set<bigint>();
  readonly writing = new Set<Day>();
  /** True if this node must make the keys of coming days. */
  mine = true;
  readonly forgotten: Day[] = [];
  readonly proofs: ErasureProof[] = [];
  material: ChannelMaterial;
  cluster: Cluster;
  readonly #make: () => Cluster;

  constructor(all: TestNodes, host: string, options: NodeOptions) {
    this.host = host;
    this.folder = mkdtempSync(join(tmpdir(), 'sluis-node-'));
    all.t.after(() => rmSync(this.folder, { recursive: true, force: true }));
    const masterKey = options.masterKey ?? all.masterKey;
    const storeId = options.storeId ?? all.storeId;
    const keyFolder = join(this.folder, 'keys');
    this.keys = new KeyFolder(keyFolder, masterKey);
    this.keys.adopt(storeId);
    this.clock = new FakeClock(options.now);
    this.erased = options.erased ?? all.erased;
    this.material = options.material ?? all.authority.issue(host);
    this.#make = () =>
      new Cluster({
        node: options.name ?? host.split('.')[0] ?? host,
        site: host.split('.')[1] ?? 'noord',
        version: 'test',
        storeId,
        keyFolder,
        masterKey,
        listen: { address: '127.0.0.1', port: 0 },
        peers: all.peersOf(host),
        material: () => this.material,
        store: {
          used: async () => [...this.used],
          noteErasing: async (day, messages) => {
            if (messages.some((id) => this.stored.has(id))) return false;
            this.keys.noteErasing(day, messages);
            return true;
          },
          isErased: async (day) => this.erased.has(day),
          isWriting: (day) => this.writing.has(day),
          close: async (day) => {
            if (this.writing.has(day)) return false;
            this.keys.keep(day, packKeys(this.keptOf(day)), randomBytes);
            return true;
          },
          forget: async (day) => void this.forgotten.push(day),
        },
        mine: () => this.mine,
        proven: (proof) => this.proofs.push(proof),
        clock: this.clock,
        log: this.log,
        random: randomBytes,
        lookup: (_host, options, found) => {
          if (options.all === true) found(null, [{ address: '127.0.0.1', family: 4 }]);
          else found(null, '127.0.0.1', 4);
        },
      });
    this.cluster = this.#make();
  }

  /** The keys: one for each stored message. */
  keptOf(_day: Day): KeptKey[] {
    return [...this.stored].sort().map((message) => ({ message, key: createSecretKey(Buffer.alloc(32, 7)) }));
  }

  /** Starts the same node again. */
  again(): void {
    this.cluster = this.#make();
  }

  marks(day: Day): readonly string[] {
    return this.keys
      .sealedKeysOf(day)
      .map(({ mark }) => mark)
      .sort();
  }
}

export class TestNodes {
  readonly t: TestContext;
  readonly masterKey = randomBytes(32);
  readonly storeId = randomBytes(16).toString('hex');
  readonly authority: ClusterAuthority;
  /** Days that the shared store has erased. */
  readonly erased = new Set<Day>();
  readonly #hosts: readonly string[];
  readonly #ports = new Map<string, number>();
  readonly #started = new Set<TestNode>();

  constructor(t: TestContext, hosts: readonly string[] = ['gw1.noord.test', 'gw2.zuid.test']) {
    this.t = t;
    this.#hosts = hosts;
    this.authority = new ClusterAuthority(t);
    t.after(async () => {
      for (const node of this.#started) await node.cluster.stop();
    });
  }

  /** All other nodes. For one that does not listen it gives port 1, which refuses connections. */
  peersOf(host: string): readonly PeerAddress[] {
    const [ports, started] = [this.#ports, this.#started];
    return this.#hosts
      .filter((other) => other !== host)
      .map((other) => ({
        host: other,
        get port() {
          const node = [...started].find(({ host: its }) => its === other);
          const listens = node?.cluster.port ?? 0;
          return ports.get(other) ?? (listens === 0 ? 1 : listens);
        },
      }));
  }

  node(host: string, options: NodeOptions = {}): TestNode {
    return new TestNode(this, host, options);
  }

  async start(...nodes: readonly TestNode[]): Promise<void> {
    for (const node of nodes) {
      this.#started.add(node);
      await node.cluster.start();
    }
  }

  /** Something else listens at `port` in place of this node. */
  listens(host: string, port: number): void {
    this.#ports.set(host, port);
  }

  async stop(node: TestNode): Promise<void> {
    await node.cluster.stop();
    this.#started.delete(node);
  }
}
