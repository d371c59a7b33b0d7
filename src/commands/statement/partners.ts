/** How mail on its way to partners' servers is protected: in numbers, and in sentences. */
import { isIP } from 'node:net';
import type { AdminContext } from '../../admin/context.ts';
import { everyPartner } from '../../admin/every-partner.ts';
import type { Partner } from '../../domain/partner.ts';
import { type Said, say } from './claim.ts';

/**
 * Numbers of partners. Each counts once, by the strongest proof that its server must show. No
 * partner is named.
 */
export interface PartnerMail {
  /** Its certificate must match a TLSA record (DANE). */
  readonly dane: number;
  /** It must show a certificate or key that was agreed on. */
  readonly pinned: number;
  /** It must show a certificate of an authority for its name, and nothing more. */
  readonly authority: number;
  /**
   * No mail is sent to it: it is suspended, or DANE is required and there is no resolver for it.
   */
  readonly halted: number;
  /** Number of partners whose server does not answer now, or that shows something wrong. */
  readonly failing: number;
  /**
   * Number of all partners whose TLSA records are not looked up: there is no resolver, the partner
   * is exempt, or its host is an IP address.
   */
  readonly unasked: number;
}

/** `resolves`: true if there is a resolver for TLSA records. */
export async function countPartners(
  { store: { registry }, gateway }: Pick<AdminContext, 'store' | 'gateway'>,
  resolves: boolean,
): Promise<PartnerMail> {
  const counts = { dane: 0, pinned: 0, authority: 0, halted: 0 };
  let unasked = 0;
  for await (const one of everyPartner(registry)) {
    if (one.state === 'ended') continue;
    counts[protectionOf(one, resolves)] += 1;
    if (!resolves || one.server.dane === 'off' || isIP(one.server.host) !== 0) unasked += 1;
  }
  const failing = gateway?.status().partners.filter(({ breaker }) => breaker !== 'closed').length ?? 0;
  return { ...counts, failing, unasked };
}

export function protectionOf(
  { state, server: { dane, pins = [] } }: Pick<Partner, 'state' | 'server'>,
  resolves: boolean,
): 'dane' | 'pinned' | 'authority' | 'halted' {
  if (state !== 'active' || (dane === 'required' && !resolves)) return 'halted';
  if (dane === 'required') return 'dane';
  return pins.length > 0 ? 'pinned' : 'authority';
}

export function partnerClaims({ partners }: { readonly partners: PartnerMail }): readonly Said[] {
  const { dane, pinned, authority, halted, failing, unasked } = partners;
  const all = dane + pinned + authority + halted;
  if (all === 0)
    return [
      say(
        'partners.tls',
        true,
        'Geen partner heeft een eigen mailserver. Er gaat dus geen mail naar een andere server.',
        'No partner has a mail server of its own. So no mail goes to another server.',
      ),
    ];
  return [
    say(
      'partners.tls',
      true,
      `Partners met een eigen mailserver: ${all}. Mail gaat daarheen alleen door TLS, en alleen als het certificaat van die server klopt. Anders wacht zij.`,
      `Partners with a mail server of their own: ${all}. Mail goes there by TLS alone, and only if the certificate of that server is right. Otherwise it waits.`,
    ),
    say(
      'partners.by',
      true,
      `Wat die server moet tonen: een certificaat dat DANE bevestigt (${dane}), een afgesproken certificaat of sleutel (${pinned}), of een certificaat van een bekende instantie (${authority}).`,
      `What that server must show: a certificate that DANE confirms (${dane}), an agreed certificate or key (${pinned}), or a certificate of a known authority (${authority}).`,
    ),
    unasked === 0
      ? say(
          'partners.dane',
          true,
          'De gateway zoekt van elke server op of het DNS zijn certificaat noemt (DANE).',
          'For each server the gateway looks up whether the DNS names its certificate (DANE).',
        )
      : say(
          'partners.dane',
          false,
          `Opzoeken of het DNS het certificaat van elke server noemt (DANE): bij ${unasked} gebeurt dat niet.`,
          `Looking up whether the DNS names the certificate of every server (DANE): for ${unasked} that is not done.`,
        ),
    ...(halted === 0
      ? []
      : [
          say(
            'partners.halted',
            false,
            `Mail naar elke partner: naar ${halted} gaat nu niets, en ook niet onbeschermd.`,
            `Mail to every partner: to ${halted} nothing goes now, and nothing goes unprotected.`,
          ),
        ]),
    ...(failing === 0
      ? []
      : [
          say(
            'partners.failing',
            false,
            `Een antwoord van elke server: ${failing} antwoorden nu niet of tonen een verkeerd certificaat. Hun mail wacht.`,
            `An answer of every server: ${failing} do not answer now or show a wrong certificate. Their mail waits.`,
          ),
        ]),
  ];
}
