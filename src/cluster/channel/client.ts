/**
 * Asks another gateway: one connection for one round of questions, each answered before the next.
 */
import { type ConnectionOptions, connect } from 'node:tls';
import type { Clock } from '../../domain/effects.ts';
import { type Milliseconds, seconds } from '../../domain/units.ts';
import { judge } from './hello.ts';
import { type ChannelMaterial, refusalIn, secureOptionsOf } from './identity.ts';
import { Line } from './line.ts';
import { ChannelBroken, PeerRefused, type RefusalCode } from './refusals.ts';
import { type AnswerOf, type Introduction, REQUESTS, type RequestName, type RequestOf, answered } from './requests.ts';

/** Longest time from the first packet to the end of the handshake. */
const CONNECT_TIME = seconds(5);
const ANSWER_TIME = seconds(5);

export interface PeerAddress {
  /** The name that its certificate must have. */
  readonly host: string;
  readonly port: number;
}

export interface Caller {
  readonly introduction: () => Introduction;
  readonly material: ChannelMaterial;
  readonly clock: Clock;
  /** Default: the system's; tests have every name on this machine. */
  readonly lookup?: ConnectionOptions['lookup'];
}

export interface Peer {
  readonly introduction: Introduction;
  ask<N extends RequestName>(name: N, request: RequestOf<N>): Promise<AnswerOf<N>>;
}

/** Connects, introduces itself and lets `use` ask. Rejects with PeerRefused or ChannelBroken. */
export async function withPeer<T>(at: PeerAddress, caller: Caller, use: (peer: Peer) => Promise<T>): Promise<T> {
  const line = await connected(at, caller);
  try {
    const ask = async <N extends RequestName>(name: N, request: RequestOf<N>): Promise<AnswerOf<N>> => {
      line.send({ ask: name, with: request });
      return answerOf(name, await line.next(ANSWER_TIME));
    };
    const ours = caller.introduction();
    const introduction = await ask('hello', ours);
    judge(ours, introduction);
    return await use({ introduction, ask });
  } catch (error) {
    throw refusalIn(error) ?? brokenBy(error);
  } finally {
    line.destroy();
  }
}

function answerOf<N extends RequestName>(name: N, value: unknown): AnswerOf<N> {
  const answer = answered.safeParse(value);
  if (!answer.success) throw new ChannelBroken(`the answer to ${name} has no shape that this version knows`);
  if ('no' in answer.data) throw new PeerRefused(answer.data.no as RefusalCode, answer.data.why);
  const its = REQUESTS[name].out.safeParse(answer.data.ok);
  if (!its.success)
    throw new ChannelBroken(`the answer to ${name} has no shape that this version knows; both nodes need one version`);
  return its.data as AnswerOf<N>;
}

function connected({ host, port }: PeerAddress, { material, clock, lookup }: Caller): Promise<Line> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      ...secureOptionsOf(material),
      host,
      port,
      servername: host,
      ...(lookup === undefined ? {} : { lookup }),
    });
    const timer = clock.after(CONNECT_TIME, () => socket.destroy(late(CONNECT_TIME)));
    const failed = (error: Error): void => {
      timer.cancel();
      reject(refusalIn(error) ?? brokenBy(error));
    };
    socket.once('error', failed);
    socket.once('close', () => failed(new ChannelBroken('the other side closed the line')));
    socket.once('secureConnect', () => {
      timer.cancel();
      socket.removeListener('error', failed);
      resolve(new Line(socket, clock));
    });
  });
}

const late = (time: Milliseconds): ChannelBroken =>
  new ChannelBroken(`no connection within ${time / 1000} s; is the machine up, and does a firewall let it through?`);

/**
 * Errors of sockets in words. A wrong answer of ours or theirs comes here too, and ends the round.
 */
function brokenBy(error: unknown): ChannelBroken | PeerRefused {
  if (error instanceof ChannelBroken || error instanceof PeerRefused) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  if (code === 'ECONNREFUSED')
    return new ChannelBroken('nothing listens there; is the gateway running, and is cluster.listen its port?');
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return new ChannelBroken('its name is not found; correct cluster.peers, or the name server');
  return new ChannelBroken(`the line failed (${code})`, { cause: error });
}
