/** The helpdesk for users and for the gateway itself, from the configuration. */
import type { Address } from '../domain/address.ts';
import type { Helpdesk } from '../domain/helpdesk.ts';
import type { Config } from './schema.ts';

/**
 * The registered address that reads what the gateway writes to its operator, and that users write
 * to.
 */
export const operatorOf = ({ notices, hostname }: Pick<Config, 'notices' | 'hostname'>): Address =>
  notices.operator ?? (`postmaster@${hostname}` as Address);

export const helpdeskOf = (config: Pick<Config, 'notices' | 'hostname' | 'helpdesk'>): Helpdesk => ({
  ...config.helpdesk,
  address: operatorOf(config),
});
