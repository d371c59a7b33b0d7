/** One gateway, measured from outside step by step. */
import type { Instance, Served } from '../../test/support/instance.ts';
import { LoopWatch } from '../../test/support/loop-watch.ts';
import { Pop3Client } from '../../test/support/pop3-client.ts';
import { SmtpClient } from '../../test/support/smtp-client.ts';
import { Gauge } from '../gauge.ts';
import { round } from '../stats.ts';
import { type Ran, type RunOptions, sluis } from './command.ts';
import type { MailFlow, Waited } from './mail.ts';

export interface Row {
  readonly step: string;
  readonly seconds: number;
  /** The aim of the step, and whether it was met. */
  readonly aim?: string;
  readonly met?: boolean;
  /**
   * Seconds of processor time of the gateway, all threads. They do not depend on who else uses the
   * machine.
   */
  readonly cpu?: number;
  /** Seconds to the first row of a listing. */
  readonly firstRow?: number;
  /**
   * Most MB (10^6) of resident memory while it ran: `command` of the command, `gateway` of the
   * gateway.
   */
  readonly command?: number;
  readonly gateway?: number;
  /**
   * The longest that the gateway's event loop was blocked, in milliseconds: elapsed, and in its own
   * processor time.
   */
  readonly loop?: number;
  readonly loopOwn?: number;
  /** How long mail waited meanwhile. */
  readonly mail?: Waited;
  readonly note?: string;
}

export interface Aim {
  readonly seconds?: number;
  readonly firstRow?: number;
}

const MB = 1e6;

export class Bench {
  readonly instance: Instance;
  readonly #watch: LoopWatch;
  readonly #say: (text: string) => void;
  readonly rows: Row[] = [];
  #served: Served | undefined;
  flow: MailFlow | undefined;

  constructor(instance: Instance, say: (text: string) => void) {
    this.instance = instance;
    this.#watch = new LoopWatch(instance, { own: true });
    this.#say = say;
  }

  get served(): Served {
    if (this.#served === undefined) throw new Error('nobody serves');
    return this.#served;
  }

  /** Resolves when every listener has greeted, in TLS. */
  async serve(): Promise<void> {
    this.#served = await this.instance.serve(this.#watch.options);
    for (const name of ['submission', 'submissions'] as const)
      (await SmtpClient.open(this.instance.target(name))).wire.destroy();
    for (const name of ['pop3', 'pop3s'] as const) (await Pop3Client.open(this.instance.target(name))).wire.destroy();
  }

  async stop(): Promise<void> {
    const code = await this.#served?.stop();
    this.#served = undefined;
    if (code !== 0 && code !== undefined) throw new Error(`the gateway ended with ${code}`);
  }

  get resident(): number {
    return round((this.served.memory().now * 1024) / MB);
  }

  /** Seconds of processor time since the gateway's start. */
  get cpu(): number {
    return round(new Gauge(this.served, this.#watch).cpu() / 1000);
  }

  add(row: Row): void {
    this.rows.push(row);
    this.#say(`${row.step}: ${row.seconds} s${row.note === undefined ? '' : `; ${row.note}`}`);
  }

  /** Runs and measures a command beside the running gateway. */
  async command(
    step: string,
    args: readonly string[],
    aim: Aim = {},
    { note, ...options }: RunOptions & { readonly note?: (ran: Ran) => string } = {},
  ): Promise<Ran> {
    let ran: Ran | undefined;
    await this.measure(step, aim, async () => {
      ran = await sluis(this.instance, args, options);
      return {
        ...(Number.isNaN(ran.firstRow) || aim.firstRow === undefined ? {} : { firstRow: round(ran.firstRow) }),
        ...(ran.peak === 0 || options.terminal === true ? {} : { command: round(ran.peak) }),
        ...(note === undefined ? {} : { note: note(ran) }),
      };
    });
    return ran!;
  }

  /**
   * Measures what `work` does to the running gateway. What `work` resolves to is added to the row.
   */
  async measure(step: string, aim: Aim, work: () => Promise<Partial<Row>>): Promise<void> {
    await this.#watch.report(this.served);
    this.served.resetPeak();
    this.flow?.take();
    const gauge = new Gauge(this.served, this.#watch);
    const [began, cpu] = [performance.now(), gauge.cpu()];
    const more = await work();
    const seconds = more.seconds ?? round((performance.now() - began) / 1000);
    const mail = this.flow?.take();
    const { max, own } = await this.#watch.report(this.served);
    const row = {
      ...{
        step,
        seconds,
        cpu: round((gauge.cpu() - cpu) / 1000),
        gateway: round((this.served.memory().peak * 1024) / MB),
      },
      ...{ loop: round(max), ...(own === undefined ? {} : { loopOwn: round(own) }) },
      ...(mail === undefined ? {} : { mail }),
      ...more,
    };
    this.add({ ...row, ...judged(row, aim) });
  }
}

function judged({ seconds, firstRow }: Pick<Row, 'seconds' | 'firstRow'>, aim: Aim): Pick<Row, 'aim' | 'met'> {
  if (aim.seconds === undefined && aim.firstRow === undefined) return {};
  const texts = [
    ...(aim.seconds === undefined ? [] : [`< ${aim.seconds} s`]),
    ...(aim.firstRow === undefined ? [] : [`first row < ${aim.firstRow} s`]),
  ];
  const met = seconds < (aim.seconds ?? Infinity) && (firstRow ?? 0) < (aim.firstRow ?? Infinity);
  return { aim: texts.join(', '), met };
}
