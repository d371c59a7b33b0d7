/**
 * SCRAM-SHA-256 and SCRAM-SHA-256-PLUS as exchanges (RFC 5802 sections 5 and 6, RFC 7677).
 *
 * A fault other than a wrong proof (nonce, channel, a channel binding that was taken away) is kept
 * to the end and refused like a wrong password.
 */
import { defined } from '../domain/defined.ts';
import type { Mechanism, ScramFault } from './authenticator.ts';
import { type SaslNext, type SaslSession, ask, isForeign, malformed } from './sasl-step.ts';
import { type ClientFirst, readClientFinal, readClientFirst, serverFinal, serverFirst } from './scram-messages.ts';

type ScramMechanism = Extract<Mechanism, `SCRAM-${string}`>;

export const scramFirst =
  (session: SaslSession, mechanism: ScramMechanism): SaslNext =>
  async (octets) => {
    const first = readClientFirst(octets);
    // RFC 5802 section 6: the flag "p" comes with the -PLUS mechanism, and with it alone.
    if (first === undefined || (typeof first.binding === 'object') !== (mechanism === 'SCRAM-SHA-256-PLUS'))
      return malformed('this is not a first message of SCRAM (RFC 5802)');
    if (isForeign(first.identity, first.login)) return { kind: 'foreign' };
    const { authenticator, peer } = session;
    const challenge = await authenticator.scramChallenge(first.login, peer);
    if (challenge === undefined) return { kind: 'judged', by: 'password', outcome: { kind: 'busy', why: 'store' } };
    const nonce = first.nonce + challenge.nonce;
    const asked = serverFirst(nonce, challenge.salt, challenge.iterations);
    return ask(asked, scramFinal(session, mechanism, first, { ...challenge, nonce, asked }));
  };

/** Our answer to the first message of SCRAM. `nonce`: the nonces of both sides, joined. */
interface Asked {
  readonly nonce: string;
  readonly salt: Uint8Array;
  readonly iterations: number;
  readonly asked: string;
}

const scramFinal =
  (session: SaslSession, mechanism: ScramMechanism, first: ClientFirst, asked: Asked): SaslNext =>
  async (octets) => {
    const final = readClientFinal(octets);
    if (final === undefined) return malformed('this is not a final message of SCRAM (RFC 5802)');
    const bound = bindingOf(session, first);
    const fault: ScramFault | undefined =
      typeof bound === 'string' ? bound : faultOf(final.channel, final.nonce, first, asked, bound);
    const outcome = await session.authenticator.scram(
      first.login,
      {
        mechanism,
        salt: asked.salt,
        iterations: asked.iterations,
        message: `${first.bare},${asked.asked},${final.withoutProof}`,
        proof: final.proof,
        ...defined({ fault }),
      },
      session.peer,
      session.signal,
    );
    if (outcome.kind !== 'granted') return { kind: 'judged', by: 'password', outcome };
    // Neither SMTP nor POP3 carries data with its success (RFC 4954 section 4, RFC 5034 section 4),
    // so our proof is one more challenge.
    return ask(serverFinal(outcome.signature), (answer) =>
      answer.length === 0
        ? { kind: 'judged', by: 'password', outcome }
        : malformed('after our proof an empty response ends the exchange'),
    );
  };

/**
 * The octets that the client must have bound to, none if it binds to nothing, or what is wrong with
 * its choice.
 */
function bindingOf({ scram, binding }: SaslSession, first: ClientFirst): Uint8Array | ScramFault {
  const none = Buffer.alloc(0);
  if (first.binding === 'none') return none;
  // RFC 5802 section 6: somebody between us has taken the -PLUS mechanism out of our list.
  if (first.binding === 'unoffered') return scram === 'bound' ? 'binding-downgrade' : none;
  return first.binding.type === 'tls-exporter' ? (binding() ?? 'binding-type') : 'binding-type';
}

function faultOf(
  channel: Buffer,
  nonce: string,
  first: ClientFirst,
  asked: Asked,
  bound: Uint8Array,
): ScramFault | undefined {
  const header = Buffer.from(first.header, 'utf8');
  const sameHeader = header.equals(channel.subarray(0, header.length));
  if (!sameHeader || !channel.subarray(header.length).equals(bound)) return 'other-channel';
  return nonce === asked.nonce ? undefined : 'wrong-nonce';
}
