/** The helpdesk for users and for the gateway itself, from the configuration. */
import type { Address } from '../domain/address.ts';
import type { Helpdesk } from '../domain/helpdesk.ts';
import type { Config } from './schema.ts';

/**
 * The registered address to which the gateway writes for its operator, and to which users write.
 */
export const operatorOf = ({ notices, hostname }: Pick<Config, 'notices' | 'hostname'>): Address =>
  notices.operator ?? (`postmaster@${hostname}` as Address);

export const helpdeskOf = (config: Pick<Config, 'notices' | 'hostname' | 'helpdesk'>): Helpdesk => ({
  ...config.helpdesk,
  address: operatorOf(config),
});
