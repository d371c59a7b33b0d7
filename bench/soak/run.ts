/** One soak, from making its gateway to the verdict. */
import { cpus, loadavg } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { addressOf } from '../../test/support/instance.ts';
import { Ledger, type LedgerReport } from '../../test/support/ledger.ts';
import { LoopWatch } from '../../test/support/loop-watch.ts';
import { round } from '../stats.ts';
import { Load } from './load.ts';
import { LogEar, type Sample, Sampler } from './samples.ts';
import { type Finding, judge } from './verdict.ts';
import { type World, createWorld } from './world.ts';

export interface SoakOptions {
  readonly minutes: number;
  readonly practices: number;
  readonly under?: string;
  readonly say?: (text: string) => void;
}

export interface SoakReport {
  readonly heading: string;
  readonly passed: boolean;
  readonly text: readonly string[];
  readonly machine: {
    readonly cores: number;
    readonly loadBefore: number;
    readonly loadAfter: number;
    readonly node: string;
  };
  readonly findings: readonly Finding[];
  readonly ledger: LedgerReport;
  readonly done: Readonly<Record<string, number>>;
  readonly faults: readonly string[];
  readonly faultCount: number;
  readonly errors: readonly string[];
  readonly errorCount: number;
  readonly warnings: Readonly<Record<string, number>>;
  /** Exit code of the gateway after its orderly stop. */
  readonly exit: number | string;
  readonly samples: readonly Sample[];
}

const SAMPLE_EVERY = 5000;
const DRAIN_PATIENCE = 90_000;

export async function runSoak(options: SoakOptions): Promise<SoakReport> {
  const say = options.say ?? (() => undefined);
  const [loadBefore = 0] = loadavg();
  const world = await createWorld(options.practices, options.under);
  try {
    return await soak(world, options, say, loadBefore);
  } finally {
    await world.remove();
  }
}

async function soak(
  world: World,
  { minutes }: SoakOptions,
  say: (text: string) => void,
  loadBefore: number,
): Promise<SoakReport> {
  const ear = new LogEar();
  const loop = new LoopWatch(world.instance, { kept: true });
  const served = await world.instance.serve({ ...loop.options, hear: ear.hear });
  let exit: number | string;
  const ledger = new Ledger(addressOf('sender'));
  const short = minutes < 2;
  const load = new Load(world, ledger, {
    large: short ? 4_000_000 : 20_000_000,
    largeEvery: short ? 5000 : 20_000,
    operatorEvery: 5000,
  });
  const sampler = new Sampler(world.instance, served, loop, world.metricsPort, ear);
  try {
    await sampler.take();
    load.start();
    const end = performance.now() + minutes * 60_000;
    for (let n = 1; performance.now() < end && !served.over; n++) {
      await pause(Math.max(1, Math.min(SAMPLE_EVERY, end - performance.now())));
      await sampler.take();
      load.takeFromPartner();
      const last = sampler.samples.at(-1);
      if (last !== undefined && n % 12 === 0)
        say(
          `${Math.round(last.at)} s: ${round(last.resident)} MB resident, ${round(last.kept)} kept, ${last.descriptors} descriptors, ` +
            `WAL ${round(last.wal)} MB, ${round(last.accepted)} msg/s, loop ${round(last.loopMax)} ms, faults ${load.faultCount}, errors ${last.errors}`,
        );
    }
    await load.stop();
    await load.drain(DRAIN_PATIENCE);
  } finally {
    exit = await served.stop();
  }
  return reportOf({ minutes, samples: sampler.samples, load, ear, ledger: ledger.report(), loadBefore, exit });
}

interface Ended {
  readonly minutes: number;
  readonly samples: readonly Sample[];
  readonly load: Load;
  readonly ear: LogEar;
  readonly ledger: LedgerReport;
  readonly loadBefore: number;
  readonly exit: number | string;
}

function reportOf({ minutes, samples, load, ear, ledger, loadBefore, exit }: Ended): SoakReport {
  const findings = judge(samples);
  const [loadAfter = 0] = loadavg();
  const cores = cpus().length;
  const bad = ledger.lost.length + ledger.duplicated.length + ledger.damaged.length;
  const grows = findings.filter(({ verdict }) => verdict === 'grows' || verdict === 'too-large');
  const passed = bad === 0 && grows.length === 0 && load.faultCount === 0 && ear.errors === 0 && exit === 0;
  const heading = `Sluis for ${minutes} min: ${ledger.acknowledged} messages acknowledged, ${passed ? 'passed' : 'failed'}`;
  const text = [
    `${heading} (${cores} cores, load ${round(loadBefore)} before and ${round(loadAfter)} at the end)`,
    ...findings.map(
      ({ series, unit, climb, allowed, most, verdict }) =>
        `${series}: ${verdict}; ${round(climb)} ${unit} over the second half, ${round(allowed)} allowed, at most ${round(most)}`,
    ),
    `lost ${ledger.lost.length}, doubled ${ledger.duplicated.length}, damaged ${ledger.damaged.length}; answers that were not expected ${load.faultCount}; errors in the log ${ear.errors}; exit ${exit}`,
    ...[...ledger.lost, ...ledger.duplicated, ...ledger.damaged, ...load.faults, ...ear.first].slice(0, 30),
  ];
  return {
    ...{ heading, passed, text, findings, ledger, exit, samples },
    machine: { cores, loadBefore, loadAfter, node: process.version },
    done: Object.fromEntries(load.done),
    ...{ faults: load.faults, faultCount: load.faultCount, errors: ear.first, errorCount: ear.errors },
    warnings: Object.fromEntries(ear.warnings),
  };
}
