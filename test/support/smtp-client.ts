/**
 * An SMTP client for submission, for tests and benchmarks. It pipelines what RFC 2920 allows, and
 * checks every reply.
 */
import { Wire, type WireTarget } from './wire.ts';

/** A reply that was not the expected one. */
export class UnexpectedReply extends Error {
  override readonly name = 'UnexpectedReply';
  readonly reply: string;
  constructor(wanted: string, reply: string) {
    super(`expected ${wanted}, got "${reply}"`);
    this.reply = reply;
  }
}

export interface Login {
  readonly login: string;
  readonly password: string;
}

export const plain = ({ login, password }: Login): string =>
  Buffer.from(`\0${login}\0${password}`, 'utf8').toString('base64');

export class SmtpClient {
  readonly wire: Wire;

  private constructor(wire: Wire) {
    this.wire = wire;
  }

  /**
   * Connects, greets, starts TLS if the target says so, and logs in unless `login` is undefined.
   */
  static async open(target: WireTarget, login?: Login): Promise<SmtpClient> {
    const wire = await Wire.open(target);
    const client = new SmtpClient(wire);
    try {
      await client.expect('220');
      await client.command('EHLO client.test', '250');
      if (target.tls === 'starttls') {
        await client.command('STARTTLS', '220');
        await wire.startTls();
        await client.command('EHLO client.test', '250');
      }
      if (login !== undefined) await client.command(`AUTH PLAIN ${plain(login)}`, '235');
      return client;
    } catch (error) {
      wire.destroy();
      throw error;
    }
  }

  /** The last line of the next reply, whatever it says. */
  async reply(): Promise<string> {
    for (;;) {
      const line = await this.wire.line();
      if (line[3] !== '-') return line;
    }
  }

  async expect(code: string): Promise<string> {
    const reply = await this.reply();
    if (!reply.startsWith(code)) throw new UnexpectedReply(code, reply);
    return reply;
  }

  async command(line: string, code: string): Promise<string> {
    this.wire.send(`${line}\r\n`);
    return await this.expect(code);
  }

  /** Sends MAIL, RCPT and DATA. `pipelined`: in one write (RFC 2920). */
  async begin(sender: string, recipients: readonly string[], pipelined: boolean, size?: number): Promise<void> {
    const commands = [
      `MAIL FROM:<${sender}>${size === undefined ? '' : ` SIZE=${size}`}`,
      ...recipients.map((r) => `RCPT TO:<${r}>`),
      'DATA',
    ];
    if (pipelined) {
      this.wire.send(`${commands.join('\r\n')}\r\n`);
      for (let i = 0; i <= recipients.length; i++) await this.expect('250');
    } else for (const command of commands.slice(0, -1)) await this.command(command, '250');
    if (!pipelined) this.wire.send('DATA\r\n');
    await this.expect('354');
  }

  /**
   * Sends one message. `content` is what goes over the wire: with CRLF line ends and stuffed dots,
   * ending in CRLF. Resolves to the text of the `250`, which is the moment at which the server took
   * responsibility.
   */
  async submit(
    sender: string,
    recipients: readonly string[],
    content: Uint8Array,
    { pipelined = false, size }: { readonly pipelined?: boolean; readonly size?: number } = {},
  ): Promise<string> {
    await this.begin(sender, recipients, pipelined, size);
    this.wire.send(content);
    this.wire.send('.\r\n');
    return await this.expect('250');
  }

  async quit(): Promise<void> {
    await this.command('QUIT', '221');
    this.wire.destroy();
  }
}

/** The id in `250 2.0.0 accepted as ID`. */
export function acceptedId(reply: string): string {
  const match = /^250 2\.0\.0 .*\b([0-7][0-9a-hjkmnp-tv-z]{12})\b/.exec(reply);
  if (match?.[1] === undefined) throw new UnexpectedReply('250 2.0.0 accepted as ID', reply);
  return match[1];
}
