/**
 * The probe's submission: one message to itself over the connection of the courier, so that TLS is
 * verified and every answer is told apart.
 */
import type { Answer, Destination } from '../push/courier.ts';
import type { Address } from '../domain/address.ts';
import type { ProbeCause } from '../domain/availability.ts';
import type { Clock } from '../domain/effects.ts';
import type { PartnerId } from '../domain/ids.ts';
import { octets } from '../domain/units.ts';
import { PartnerConnection } from './partner-connection.ts';

export interface ProbeSubmission {
  readonly host: string;
  readonly port: number;
  readonly address: Address;
  readonly password: string;
  /**
   * Authorities that may have issued the gateway's certificate, PEM; empty: the public authorities
   * that Node knows.
   */
  readonly authorities: readonly string[];
  readonly helo: string;
  readonly message: Uint8Array;
}

const NO_PARTNER = 0 as PartnerId;

/**
 * Undefined: the message was accepted. Resolves when the signal comes, too; its reason tells
 * whether the probe took too long.
 */
export async function submitProbe(
  { host, port, address, password, authorities, helo, message }: ProbeSubmission,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<{ readonly cause: ProbeCause; readonly detail: string } | 'stopped' | undefined> {
  const destination: Destination = {
    partner: NO_PARTNER,
    host,
    port,
    tls: 'implicit',
    login: { name: address, password },
    helo,
    connections: 1,
    ...(authorities.length === 0 ? {} : { authorities }),
  };
  const connection = new PartnerConnection(destination, { clock });
  try {
    const failed = await connection.open(signal);
    if (failed !== undefined) return faultOf(failed);
    return faultOf(
      await connection.deliver(
        {
          sender: address,
          recipient: address,
          octets: octets(message.length),
          body: '7BIT',
          smtpUtf8: false,
          requireTls: false,
          slices: async function* () {
            yield await Promise.resolve(message);
          },
        },
        signal,
      ),
    );
  } finally {
    connection.quit();
  }
}

function faultOf(answer: Answer): { readonly cause: ProbeCause; readonly detail: string } | 'stopped' | undefined {
  switch (answer.kind) {
    case 'taken':
      return undefined;
    case 'refused':
      return { cause: answer.step === 'login' ? 'submit-login' : 'submit-refused', detail: answer.reply };
    case 'unable':
      return { cause: 'submit-refused', detail: answer.text };
    case 'lost':
      return answer.why === 'stopped' ? 'stopped' : { cause: CAUSES[answer.why] ?? 'submit-lost', detail: answer.text };
  }
}

const CAUSES: Readonly<Partial<Record<string, ProbeCause>>> = {
  unreachable: 'submit-connect',
  tls: 'submit-tls',
  certificate: 'submit-tls',
};
