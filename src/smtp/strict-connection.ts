/**
 * nodemailer's SMTP connection, held to what a gateway must insist on.
 *
 * Read and tried against version 10.6.1; test/smtp/courier.test.ts fails if another one behaves
 * otherwise. What is changed, and why:
 * - DATA is answered by 354 alone. nodemailer takes any 2yz or 3yz, so one reply too many before it
 *   would let the message start early.
 * - A reply to the message that comes before its final dot is no acceptance, whatever its code
 *   says.
 * - SMTPUTF8 is declared also where only the header needs it; nodemailer looks at the addresses
 *   alone.
 * - It tells when the final dot has left: from then on nobody knows, until the reply is there.
 * - When TLS stands it may be judged before anything goes out on it: TLSA records are nothing that
 *   Node's TLS knows.
 */
import type { Transform } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import SMTPConnection from 'nodemailer/lib/smtp-connection';
import { openTls } from '../platform/tls-line.ts';

type SendCallback = (error: Error | null, reply?: string) => void;

/** The members of nodemailer's class that its declarations leave out. */
interface Internals {
  _upgradeConnection(callback: (error: Error | null, upgraded?: boolean) => void): void;
  _actionGreeting(reply: string): void;
  _sendCommand(command: string, masked?: string): void;
  _actionDATA(reply: string, callback: SendCallback): void;
  _actionSMTPStream(reply: string, callback: SendCallback): void;
  _createSendStream(callback: SendCallback): Transform;
}
const base = SMTPConnection.prototype as unknown as Internals;

/** `content`: 354 was given, octets go out. `dot`: the final dot has left. */
export type Phase = 'session' | 'envelope' | 'content' | 'dot';

/** The partner said something that no SMTP server says at that point. */
export class NoSmtp extends Error {
  override readonly name = 'NoSmtp';
}

export class StrictConnection extends SMTPConnection {
  declare readonly _supportedExtensions: readonly string[];
  declare readonly _supportedAuth: readonly string[];
  declare readonly _ehloLines: readonly string[] | undefined;
  declare readonly _maxAllowedSize: number;
  phase: Phase = 'session';
  /** The last command that was sent, its verb only. */
  verb = '';
  greeting = '';
  /** Set for the next message: it needs SMTPUTF8. */
  declareUtf8 = false;
  /** Called at every command, at 354 and at the final dot: from then on the peer has to act. */
  moved: () => void = () => undefined;

  /**
   * Called when TLS is established, before a command goes out on it. An error ends the connection.
   */
  judge: (socket: TLSSocket) => Error | undefined = () => undefined;

  _upgradeConnection(callback: (error: Error | null, upgraded?: boolean) => void): void {
    base._upgradeConnection.call(this, (error, upgraded) => {
      const socket = openTls(this._socket);
      const problem =
        error !== null ? undefined : socket === undefined ? new Error('the connection was closed') : this.judge(socket);
      if (problem === undefined) callback(error, upgraded);
      else this.emit('error', problem);
    });
  }

  _actionGreeting(reply: string): void {
    this.greeting = reply;
    base._actionGreeting.call(this, reply);
  }

  _sendCommand(command: string, masked?: string): void {
    this.verb = command.slice(0, command.search(/[ :]|$/)).toUpperCase();
    const needsWord = this.declareUtf8 && this.verb === 'MAIL' && !/ SMTPUTF8(?: |$)/.test(command);
    base._sendCommand.call(this, needsWord ? `${command} SMTPUTF8` : command, masked);
    this.moved();
  }

  _actionDATA(reply: string, callback: SendCallback): void {
    if (/^[23]/.test(reply) && !reply.startsWith('354')) {
      callback(new NoSmtp(`instead of 354 it answered DATA with "${reply}"`));
      this.close();
      return;
    }
    base._actionDATA.call(this, reply, callback);
  }

  _createSendStream(callback: SendCallback): Transform {
    const stream = base._createSendStream.call(this, callback);
    this.phase = 'content';
    this.moved();
    // The stream has handed everything to the socket, the dot included.
    stream.once('end', () => {
      this.phase = 'dot';
      this.moved();
    });
    return stream;
  }

  _actionSMTPStream(reply: string, callback: SendCallback): void {
    if (this.phase !== 'dot') {
      if (!/^[45]\d\d/.test(reply)) callback(new NoSmtp(`it answered before the end of the message: "${reply}"`));
      else base._actionSMTPStream.call(this, reply, callback);
      // The rest of the message must not follow as commands.
      this.close();
      return;
    }
    base._actionSMTPStream.call(this, reply, callback);
  }
}
