/**
 * A look at a partner's server for the operator: how far a delivery would come, and what the server
 * showed on the way.
 *
 * The way is the courier's own, so what works here works there. A certificate that was not accepted
 * is shown by a second connection that verifies nothing, sends nothing but EHLO and never logs in:
 * the operator needs to see which certificate it was.
 */
import { lookup } from 'node:dns/promises';
import type { X509Certificate } from 'node:crypto';
import type { Answer, CourierProbe, Destination, ProbeReport } from '../push/courier.ts';
import { defined } from '../domain/defined.ts';
import type { Clock, Timer } from '../domain/effects.ts';
import { instant, octets, seconds } from '../domain/units.ts';
import { tlsLine } from '../platform/tls-line.ts';
import { type ConnectionEffects, PartnerConnection } from './partner-connection.ts';
import { oneLine } from './partner-replies.ts';
import { pinsOf } from './partner-tls.ts';

/** Longest time for each step: an operator waits at the screen. */
const PATIENCE = seconds(30);

type Shown = Omit<ProbeReport, 'ok' | 'problem' | 'met' | 'login' | 'addresses'>;
type Look = readonly [failed: Answer | undefined, shown: Shown];

export function createCourierProbe({
  clock,
  tlsa,
}: Pick<ConnectionEffects, 'tlsa'> & { readonly clock: Clock }): CourierProbe {
  const look = async (
    destination: Destination,
    signal: AbortSignal,
    more: Partial<ConnectionEffects>,
  ): Promise<Look> => {
    const connection = new PartnerConnection(destination, { clock, patience: PATIENCE, ...defined({ tlsa }), ...more });
    let timer: Timer | undefined;
    const watch = (): void => {
      timer = clock.after(seconds(1), () => {
        connection.checkTime(clock.monotonic());
        watch();
      });
    };
    watch();
    try {
      const failed = await connection.open(signal);
      return [failed, shownBy(connection)];
    } finally {
      timer?.cancel();
      connection.quit();
    }
  };

  return {
    probe: async (destination, signal = new AbortController().signal) => {
      const addresses = await addressesOf(destination.host);
      const found = addresses.length === 0 ? {} : { addresses };
      try {
        const [failed, shown] = await look(destination, signal, {});
        const login = destination.login === undefined ? 'none' : 'accepted';
        if (failed === undefined) return { ok: true, login, ...found, ...shown };
        const report = { ok: false, ...problemOf(failed), ...found, ...shown };
        if (failed.kind === 'refused' && failed.step === 'login') return { ...report, login: 'refused' };
        if (!(failed.kind === 'lost' && failed.why === 'certificate')) return report;
        const [, unverified] = await look(destination, signal, { unverified: true });
        return { ...report, ...unverified };
      } catch (error) {
        // Node rejects our own client certificate or its key: OpenSSL cannot use it.
        return { ok: false, problem: error instanceof Error ? error.message : String(error), ...found };
      }
    },
  };
}

const addressesOf = async (host: string): Promise<readonly string[]> => {
  try {
    return (await lookup(host, { all: true })).map(({ address }) => address);
  } catch {
    return [];
  }
};

function problemOf(failed: Answer): Pick<ProbeReport, 'problem' | 'met'> {
  switch (failed.kind) {
    case 'lost':
      return { problem: failed.text, met: { lost: failed.why } };
    case 'refused':
      return { problem: failed.reply, met: { refused: failed.step } };
    case 'unable':
      return { problem: failed.text };
    case 'taken':
      return {};
  }
}

function shownBy(connection: PartnerConnection): Shown {
  const { smtp } = connection;
  if (smtp === undefined) return {};
  const { secured } = connection;
  const certificate = secured?.getPeerX509Certificate();
  const line = tlsLine(secured);
  return {
    ...(smtp.greeting === '' ? {} : { greeting: oneLine(smtp.greeting) }),
    ...defined({ extensions: smtp._ehloLines?.map((line) => oneLine(`250 ${line}`).slice(4)) }),
    ...(smtp._maxAllowedSize > 0 ? { maxMessage: octets(smtp._maxAllowedSize) } : {}),
    ...(certificate === undefined || line === undefined
      ? {}
      : {
          tlsVersion: line.tls,
          cipher: line.cipher,
          certificate: certificateFacts(certificate),
          ...defined({ tlsa: connection.tlsaMet }),
        }),
  };
}

function certificateFacts(certificate: X509Certificate): NonNullable<ProbeReport['certificate']> {
  const [whole, key] = pinsOf(certificate);
  const inLine = (name: string): string => name.split('\n').join(', ');
  return {
    subject: inLine(certificate.subject),
    issuer: inLine(certificate.issuer),
    names: certificate.subjectAltName?.split(', ').map((name) => name.replace(/^(?:DNS|IP Address):/, '')) ?? [],
    notAfter: instant(Date.parse(certificate.validTo)),
    fingerprint: whole.sha256,
    publicKey: key.sha256,
  };
}
