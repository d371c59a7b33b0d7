/** The ports of the configuration to which mail programs connect. */
import type { ServedPort } from '../domain/served-port.ts';
import { hostnameOf } from './listeners.ts';
import type { Config } from './schema.ts';

export const servedPorts = (config: Config): readonly ServedPort[] =>
  config.listener.flatMap((listener): readonly ServedPort[] => {
    const { protocol, port, tls, accounts, networks, profile } = listener;
    if (protocol !== 'smtp' && protocol !== 'pop3') return [];
    const host = hostnameOf(config, listener);
    const limited = networks.length > 0 || profile === 'legacy';
    return [
      { protocol, host, port, tls, ...(accounts.length === 0 ? {} : { accounts }), ...(limited && { limited: true }) },
    ];
  });
