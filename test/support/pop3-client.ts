/** A POP3 client for tests and benchmarks. */
import { type Login, UnexpectedReply, plain } from './smtp-client.ts';
import { Wire, type WireTarget } from './wire.ts';

export class Pop3Client {
  readonly wire: Wire;

  private constructor(wire: Wire) {
    this.wire = wire;
  }

  /** `how`: USER and PASS as most old systems do, or AUTH PLAIN with an initial response. */
  static async open(target: WireTarget, login?: Login, how: 'user' | 'plain' = 'user'): Promise<Pop3Client> {
    const wire = await Wire.open(target);
    const client = new Pop3Client(wire);
    try {
      await client.ok();
      if (target.tls === 'starttls') {
        await client.command('STLS');
        await wire.startTls();
      }
      if (login !== undefined) await client.login(login, how);
      return client;
    } catch (error) {
      wire.destroy();
      throw error;
    }
  }

  async login(login: Login, how: 'user' | 'plain' = 'user'): Promise<void> {
    if (how === 'plain') await this.command(`AUTH PLAIN ${plain(login)}`);
    else {
      await this.command(`USER ${login.login}`);
      await this.command(`PASS ${login.password}`);
    }
  }

  async ok(): Promise<string> {
    const line = await this.wire.line();
    if (!line.startsWith('+OK')) throw new UnexpectedReply('+OK', line);
    return line;
  }

  async command(line: string): Promise<string> {
    this.wire.send(`${line}\r\n`);
    return await this.ok();
  }

  async stat(): Promise<{ readonly messages: number; readonly octets: number }> {
    const match = /^\+OK (\d+) (\d+)/.exec(await this.command('STAT'));
    return { messages: Number(match?.[1]), octets: Number(match?.[2]) };
  }

  /**
   * Retrieves a message for a benchmark, and resolves to the octets that arrived. `take` gets them
   * in slices.
   */
  async retrieve(number: number, take?: (slice: Buffer) => void): Promise<number> {
    await this.command(`RETR ${number}`);
    return await this.wire.message(take);
  }

  /** Fetches a whole message into memory, for a test. */
  async fetch(number: number): Promise<Buffer> {
    const slices: Buffer[] = [];
    await this.retrieve(number, (slice) => slices.push(slice));
    return Buffer.concat(slices);
  }

  /** The UIDL of each message, by its number. */
  async uidl(): Promise<ReadonlyMap<number, string>> {
    await this.command('UIDL');
    const slices: Buffer[] = [];
    await this.wire.message((slice) => slices.push(slice));
    const lines = Buffer.concat(slices).toString('latin1').split('\r\n').slice(0, -1);
    return new Map(lines.map((line) => [Number(line.split(' ')[0]), line.split(' ')[1] ?? '']));
  }

  async quit(): Promise<void> {
    await this.command('QUIT');
    this.wire.destroy();
  }
}
