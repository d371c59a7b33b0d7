/**
 * Three places with podman, each a machine of its own on one network, with a PostgreSQL server in a
 * container. One is the primary, and wants one of the others for each commit, as docs/two-sites.md
 * describes it without Patroni. The image of the servers is made from Debian's packages, and
 * belongs to the test alone.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { PodmanMachine } from './podman.ts';
import { CARRIED, DATA, PLACES, type PlaceName, PodmanPlace } from './podman-place.ts';
import { giveCertificates, linkPlaces } from './podman-places-setup.ts';
import { until } from './until.ts';

export class PodmanSites {
  readonly places: Readonly<Record<PlaceName, PodmanPlace>>;
  /** The authority of the servers' certificates, in PEM. */
  readonly ca: string;

  private constructor(places: Readonly<Record<PlaceName, PodmanPlace>>, ca: string) {
    this.places = places;
    this.ca = ca;
  }

  /** `images` has both images. `names`: names and addresses for /etc/hosts of each machine. */
  static async start(
    folder: string,
    images: PodmanMachine,
    names: Readonly<Record<string, string>>,
  ): Promise<PodmanSites> {
    const machines: PodmanMachine[] = [];
    for (const name of PLACES) {
      mkdirSync(join(folder, name));
      machines.push(await PodmanMachine.start(join(folder, name), images));
    }
    const [noord, zuid, derde] = machines.map((machine, n) => new PodmanPlace(PLACES[n] ?? 'derde', machine));
    if (noord === undefined || zuid === undefined || derde === undefined) throw new Error('There are three places');
    const places = { noord, zuid, derde };
    linkPlaces(Object.values(places), names);
    const ca = giveCertificates(folder, Object.values(places));
    const sites = new PodmanSites(places, ca);
    await sites.#startServers();
    return sites;
  }

  /** A list that wants one of the two others for each commit. */
  listOf(name: PlaceName): string {
    const others = PLACES.filter((other) => other !== name).map((other) => `"${other}-1"`);
    return `ANY 1 (${others.join(', ')})`;
  }

  /** Makes the standby of a place anew, as a copy of the primary, and starts it. */
  follow(name: PlaceName, primary: PlaceName): void {
    const to = this.places[name];
    const from = `host=${this.places[primary].address} user=postgres sslmode=verify-full sslrootcert=${CARRIED}/ca.pem passfile=${CARRIED}/pgpass application_name=${to.server}`;
    to.once(`rm -rf ${DATA}; pg_basebackup -D ${DATA} -R -X stream -c fast -d "${from}"`);
    to.startServer();
  }

  async untilFollowed(primary: PlaceName, standbys: number): Promise<void> {
    const asked = "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming' AND sync_state = 'quorum'";
    await until('the standbys follow', () => this.places[primary].ask(asked) === String(standbys), 30_000, 200);
  }

  async #startServers(): Promise<void> {
    const { noord } = this.places;
    noord.once(
      `/usr/lib/postgresql/17/bin/initdb -D ${DATA} -U postgres --pwfile=${CARRIED}/password --auth=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8 --data-checksums --no-sync --no-instructions`,
    );
    noord.startServer();
    await until('the primary answers', () => noord.answers, 30_000, 200);
    for (const name of ['zuid', 'derde'] as const) this.follow(name, 'noord');
    noord.ask(`ALTER SYSTEM SET synchronous_standby_names = '${this.listOf('noord')}'`, 'SELECT pg_reload_conf()');
    await this.untilFollowed('noord', 2);
  }

  async end(): Promise<void> {
    for (const { machine } of Object.values(this.places)) await machine.end();
  }
}
