/** The client of the control socket. */
import { type Socket, connect } from 'node:net';
import { AdminError, type AdminErrorKind } from './error.ts';
import type { CallOptions, Caller } from './call.ts';
import { notUnderstood, ourSpeech, versionIn } from './control-protocol.ts';
import type { Input } from './input.ts';
import { LineError, MAX_ANSWER, PIECE, linesOf, objectOf, writeLine } from './lines.ts';
import type { OperationName, OperationResult } from './operations.ts';
import { usablePath } from './socket-path.ts';

/** Calls operations, wherever they run. */
export interface AdminClient {
  call<N extends OperationName>(name: N, input: Input, options?: CallOptions): Promise<OperationResult<N>>;
  /** Version of the gateway, if its last answer showed that it is another than ours. */
  otherVersion?(): string | undefined;
  close(): Promise<void>;
}

/** The permissions of the socket file let others in, but not this user. */
export class SocketShut extends AdminError {
  constructor(path: string) {
    super(
      'unavailable',
      `Cannot reach the gateway: its control socket "${path}" is open to others, and not to you; run the command as the gateway's user or with sudo, or have yourself put into the group of a socket`,
    );
  }
}

/** Connects to the running gateway; undefined if none listens. Throws SocketShut. */
export async function connectControl(
  path: string,
  actor: Caller,
  speech = ourSpeech(),
): Promise<AdminClient | undefined> {
  const { token, ...who } = actor;
  const socket = await open(path);
  if (socket === undefined) return undefined;
  const lines = linesOf(socket, MAX_ANSWER);
  let otherVersion: string | undefined;
  return {
    otherVersion: () => otherVersion,
    call: async (operation, input, options = {}) => {
      const upload = options.upload;
      await writeLine(socket, {
        ...speech,
        call: operation,
        actor: who,
        ...(token === undefined ? {} : { token }),
        input,
        ...(upload === undefined ? {} : { upload: true }),
      });
      // The upload is sent while the answer is awaited: a refusal may come before the last piece
      // was taken.
      const sent = upload === undefined ? Promise.resolve() : sendUpload(socket, upload);
      const answer = answerOf(lines, options).then((got) => {
        if (got.error === undefined) {
          otherVersion = versionIn(got.gateway);
          return got.result;
        }
        if (typeof got.protocol !== 'number') throw notUnderstood(operation, undefined, speech.version);
        const { kind, message, request } = got.error as { kind: AdminErrorKind; message: string; request?: string };
        throw new AdminError(kind, message, request === undefined ? {} : { request });
      });
      // If the upload cannot be read, nobody waits for the answer, and its error must not count as
      // unhandled.
      answer.catch(() => undefined);
      const unreadable = sent.then(() => new Promise<never>(() => undefined));
      const result = await Promise.race([answer, unreadable]);
      await sent;
      return result as OperationResult<typeof operation>;
    },
    close: () =>
      new Promise<void>((resolve) => {
        // If the gateway died, the socket is closed already, and no event would come.
        if (socket.closed) return resolve();
        socket.once('close', () => resolve());
        socket.end();
        socket.destroySoon();
      }),
  };
}

async function open(path: string): Promise<Socket | undefined> {
  let usable;
  try {
    usable = usablePath(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const socket = connect(usable.path);
  try {
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ECONNREFUSED') return undefined;
    if (code === 'EACCES') throw new SocketShut(path);
    throw error;
  } finally {
    usable.close();
  }
  socket.on('error', () => undefined);
  return socket;
}

async function sendUpload(socket: Socket, upload: string | AsyncIterable<string>): Promise<void> {
  if (typeof upload === 'string') await sendText(socket, upload);
  else for await (const text of upload) await sendText(socket, text);
  await writeLine(socket, { end: true });
}

async function sendText(socket: Socket, text: string): Promise<void> {
  // The text is cut between characters: half of a surrogate pair would not survive UTF-8.
  for (let at = 0; at < text.length;) {
    let end = Math.min(at + PIECE, text.length);
    if (end < text.length && /[\uD800-\uDBFF]/.test(text[end - 1] ?? '')) end -= 1;
    await writeLine(socket, { piece: text.slice(at, end) });
    at = end;
  }
}

async function answerOf(
  lines: AsyncGenerator<string, void, undefined>,
  { progress, receive }: CallOptions,
): Promise<Readonly<Record<string, unknown>>> {
  for (;;) {
    let got;
    try {
      got = await lines.next();
    } catch (error) {
      throw error instanceof LineError ? lost(error.message) : error;
    }
    const answer = got.done === true ? undefined : objectOf(got.value);
    if (answer === undefined)
      throw lost(
        got.done === true ? 'it closed the connection without an answer' : 'it answered with something else than JSON',
      );
    if (Array.isArray(answer.progress)) {
      const [done, total, phase] = answer.progress as unknown[];
      progress?.(Number(done), Number(total), typeof phase === 'string' ? phase : undefined);
    } else if (typeof answer.piece === 'string') receive?.(answer.piece);
    else return answer;
  }
}

const lost = (why: string): AdminError =>
  new AdminError(
    'failed',
    `Cannot tell whether the gateway did it: ${why}; look at its log, check with "list" or "show", and try again`,
  );
