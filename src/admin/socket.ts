/**
 * The control socket, over which the command line talks to the running gateway. Only the gateway
 * has the store open, and much of its state is in its memory.
 *
 * It is a Unix socket in the data folder, with mode 0600 in a folder of mode 0700. Only the
 * gateway's own user and root can open it, so whoever can may do everything. There may be more
 * sockets, each open to one system group; a caller there may do what the role of that socket may.
 * The audit trail takes the name of the person behind a call from the caller, which proves nothing.
 * A request with the token of an operator has a proven name. Where the operator wants more, two
 * people sign (second-person.ts).
 *
 *   -> {"protocol":2,"version":"0.2.0","call":"account.list","actor":{"name":"jan"},"input":{"limit":100}}
 *                                                                    "upload":true: lines {"piece":"..."} and {"end":true} follow
 *   <- {"progress":[2000,9000,"Storing"]}  or  {"piece":"..."}                         none or more; octets of a file, latin-1
 *   <- {"result":...}  or  {"error":{"kind":"unknown","message":"..."},"protocol":2}
 *
 * If the caller has another version that speaks the same protocol, the result comes with our
 * version in "gateway". See control-protocol.ts.
 *
 * Requests of one connection run one after another.
 */
import { rmSync } from 'node:fs';
import { type Socket, createServer } from 'node:net';
import { defined } from '../domain/defined.ts';
import type { Clock, Log } from '../domain/effects.ts';
import type { Role } from '../domain/roles.ts';
import { type Milliseconds, seconds } from '../domain/units.ts';
import { callerAt } from './authentication.ts';
import type { AdminContext } from './context.ts';
import { AdminError } from './error.ts';
import { type Call, type Caller, NOBODY } from './call.ts';
import { isOfMachine } from './known-refusal.ts';
import { type Spoken, notUnderstood, ourSpeech, versionIn } from './control-protocol.ts';
import { LineError, MAX_REQUEST, linesOf, objectOf, writeLine } from './lines.ts';
import { type OperationName, isOperation, isStreamed, runOperation } from './operations.ts';
import { type SocketGroup, listenAt } from './socket-file.ts';

export interface ControlSocketOptions {
  readonly path: string;
  /** The highest role of a caller on this socket. */
  readonly role: Role;
  /** The user group that may open it, besides the gateway's own user and root. */
  readonly group?: SocketGroup;
  readonly context: AdminContext;
  readonly log: Log;
  readonly clock: Clock;
  /** A connection that sends nothing for this time is closed. */
  readonly idle?: Milliseconds;
  readonly maxLine?: number;
  /** The protocol and version of this side. Default: those of this program. */
  readonly speech?: Spoken;
}

export interface ControlSocket {
  /**
   * Accepts no more calls, lets running operations end for at most `drain`, and removes the socket.
   */
  stop(drain: Milliseconds): Promise<void>;
}

const MAX_CONNECTIONS = 32;
/** Most characters of one upload: a registry of 100,000 lines is about 10 MB. */
const MAX_UPLOAD = 64 * 1024 * 1024;

/**
 * Opens the socket. Throws ListenerRefused if the file of a group's socket cannot be made as it
 * must be.
 */
export async function openControlSocket(options: ControlSocketOptions): Promise<ControlSocket> {
  const open = new Set<Session>();
  const { speech = ourSpeech() } = options;
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const session = new Session(socket, { ...options, speech });
    open.add(session);
    void session.run().finally(() => open.delete(session));
  });
  server.maxConnections = MAX_CONNECTIONS;
  await listenAt(server, options.path, options.group);
  return {
    stop: async (drain) => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      const timer = options.clock.after(drain, () => {
        for (const session of open) session.cut();
      });
      for (const session of open) session.endWhenIdle();
      await closed;
      timer.cancel();
      rmSync(options.path, { force: true });
    },
  };
}

class Session {
  readonly #socket: Socket;
  readonly #options: ControlSocketOptions & { readonly speech: Spoken };
  #busy = false;
  #ending = false;

  constructor(socket: Socket, options: ControlSocketOptions & { readonly speech: Spoken }) {
    this.#socket = socket;
    this.#options = options;
    socket.on('error', () => undefined);
  }

  cut(): void {
    this.#socket.destroy();
  }

  endWhenIdle(): void {
    this.#ending = true;
    if (!this.#busy) this.#socket.destroy();
  }

  async run(): Promise<void> {
    const { clock, log, idle = seconds(30), maxLine = MAX_REQUEST } = this.#options;
    const lines = linesOf(this.#socket, maxLine);
    const next = async (): Promise<string | undefined> => {
      const timer = clock.after(idle, () => this.cut());
      try {
        const got = await lines.next();
        return got.done === true ? undefined : got.value;
      } finally {
        timer.cancel();
      }
    };
    try {
      for (let line = await next(); line !== undefined; line = await next()) {
        this.#busy = true;
        await this.#answer(line, next);
        this.#busy = false;
        if (this.#ending) break;
      }
    } catch (error) {
      if (error instanceof LineError)
        await this.#error(new AdminError('invalid', `Cannot read the request: ${error.message}`));
      else if (!this.#socket.destroyed) log.error('admin.failed', { why: String(error) });
    } finally {
      this.#socket.end();
      this.#socket.destroySoon();
    }
  }

  async #answer(line: string, next: () => Promise<string | undefined>): Promise<void> {
    const request = objectOf(line);
    const { call } = request ?? {};
    const known = request !== undefined && typeof call === 'string' && isOperation(call) ? call : undefined;
    const upload =
      request?.upload === true
        ? uploadOf(next, known === undefined || isStreamed(known) ? Infinity : MAX_UPLOAD)
        : undefined;
    const refused = this.#refusal(request);
    if (refused !== undefined) await this.#error(refused);
    else if (request !== undefined && known !== undefined) await this.#run(known, request, upload);
    // What the operation did not read of the upload must not be taken for the next request.
    if (upload !== undefined) for await (const _ of upload) continue;
  }

  /** Why a request is not run; undefined if it can be. */
  #refusal(request: Readonly<Record<string, unknown>> | undefined): AdminError | undefined {
    const { protocol, version } = this.#options.speech;
    const name = request?.call ?? request?.operation;
    if (request === undefined || typeof name !== 'string')
      return new AdminError(
        'invalid',
        'Cannot read the request: expected one JSON object a line with the name of an operation',
      );
    const shown = name.replace(/[^\w.-]/g, '?').slice(0, 64);
    const theirs = versionIn(request.version);
    if (request.protocol !== protocol) return notUnderstood(shown, version, theirs);
    if (isOperation(name)) return undefined;
    return theirs === version
      ? new AdminError('invalid', `Cannot run "${shown}": there is no such operation`)
      : notUnderstood(shown, version, theirs);
  }

  async #run(
    operation: OperationName,
    request: Readonly<Record<string, unknown>>,
    upload: AsyncGenerator<string, void, undefined> | undefined,
  ): Promise<void> {
    const { context, log } = this.#options;
    const gone = new AbortController();
    const left = (): void => gone.abort();
    this.#socket.once('close', left);
    const input = typeof request.input === 'object' && request.input !== null ? request.input : {};
    try {
      const call: Call = {
        gone: gone.signal,
        ...(await this.#caller(request)),
        progress: (...told) => void writeLine(this.#socket, { progress: told }),
        send: (piece) => this.#send(piece),
        ...defined({ upload: upload && unreturned(upload) }),
      };
      const result = await runOperation(operation, context, input as Record<string, unknown>, call, log);
      const { version } = this.#options.speech;
      await writeLine(this.#socket, { result, ...(request.version === version ? {} : { gateway: version }) });
    } catch (error) {
      if (error instanceof LineError) throw error;
      if (!(error instanceof AdminError) || isOfMachine(error))
        log.error('admin.failed', { operation, why: String(error) });
      await this.#error(
        error instanceof AdminError
          ? error
          : new AdminError('failed', `Cannot do ${operation}: ${String(error)}; the gateway's log has more`),
      );
    } finally {
      this.#socket.off('close', left);
    }
  }

  /**
   * Who calls. The permissions of the socket file decide what a caller may do; a token proves who
   * he is, and he may then do what both allow. Throws AdminError.
   */
  async #caller({
    actor,
    token,
  }: Readonly<Record<string, unknown>>): Promise<Pick<Call, 'actor' | 'approval' | 'who'>> {
    const said = callerOf(actor);
    return { ...said, ...(await callerAt(this.#options.context, this.#options.role, { actor: said.actor, token })) };
  }

  /**
   * Sends a piece of a file. Throws if the caller has gone, so that nobody makes the rest for
   * nobody.
   */
  async #send(piece: string): Promise<void> {
    if (this.#socket.destroyed) throw new LineError('the caller closed the connection before the file was whole');
    await writeLine(this.#socket, { piece });
  }

  async #error(error: AdminError): Promise<void> {
    const { kind, message, request } = error;
    await writeLine(this.#socket, { error: { kind, message, request }, protocol: this.#options.speech.protocol });
  }
}

function callerOf(value: unknown): Pick<Call, 'actor' | 'approval'> {
  const { name, reason, approval } = (typeof value === 'object' && value !== null ? value : {}) as Record<
    keyof Caller,
    unknown
  >;
  const clean = (text: string): string => text.replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, ' ').slice(0, 256);
  return {
    actor: {
      name: typeof name === 'string' && name.trim() !== '' ? clean(name) : NOBODY,
      ...(typeof reason === 'string' && reason.trim() !== '' ? { reason: clean(reason) } : {}),
    },
    ...(typeof approval === 'string' ? { approval: approval.slice(0, 32) } : {}),
  };
}

/** Hides `return()`: if a reader stops early, the rest must stay for `#answer` to skip. */
const unreturned = (source: AsyncGenerator<string, void, undefined>): AsyncIterable<string> => ({
  [Symbol.asyncIterator]: () => ({ next: () => source.next() }),
});

async function* uploadOf(
  next: () => Promise<string | undefined>,
  most: number,
): AsyncGenerator<string, void, undefined> {
  let taken = 0;
  for (;;) {
    const line = await next();
    if (line === undefined) throw new LineError('the connection ended inside an upload');
    const part = objectOf(line);
    if (part?.end === true) return;
    if (typeof part?.piece !== 'string') throw new LineError('expected a piece of an upload or its end');
    if ((taken += part.piece.length) > most) throw new LineError(`an upload is longer than ${most} characters`);
    yield part.piece;
  }
}
