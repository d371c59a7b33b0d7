/**
 * The password and the key that we show to partners, sealed for the partner by its name: what is
 * one partner's never opens for another.
 */
import type { RandomBytes } from '../../domain/effects.ts';
import type { PartnerSecrets } from '../../domain/partner.ts';
import { type Result, fail, ok } from '../../domain/result.ts';
import { openSecret, sealSecret } from './sealed-key.ts';

export interface PartnerSeals {
  /** Seals secrets; undefined if there are none. */
  seal(name: string, secrets: PartnerSecrets): Promise<Uint8Array | undefined>;
  /** Opens `Partner.sealed`; undefined there means that there are no secrets. */
  open(name: string, sealed: Uint8Array | undefined): Promise<Result<PartnerSecrets, string>>;
}

/** The master key is asked for at each use and not kept, as for the authority's keys. */
export function partnerSeals(masterKey: () => Promise<Uint8Array>, random: RandomBytes): PartnerSeals {
  return {
    seal: async (name, { password, privateKey }) => {
      if (password === undefined && privateKey === undefined) return undefined;
      const plain = Buffer.from(JSON.stringify({ password, privateKey }));
      const sealed = sealSecret(await masterKey(), plain, { purpose: 'partner-login', id: name, random });
      plain.fill(0);
      return sealed;
    },
    open: async (name, sealed) => {
      if (sealed === undefined) return ok({});
      const plain = openSecret(await masterKey(), Buffer.from(sealed), { purpose: 'partner-login', id: name });
      if (!plain.ok) return fail(plain.error);
      const secrets = JSON.parse(plain.value.toString('utf8')) as PartnerSecrets;
      plain.value.fill(0);
      return ok(secrets);
    },
  };
}
