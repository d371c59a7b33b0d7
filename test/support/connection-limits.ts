/** Limits on connections that no test reaches by chance. */
import { seconds } from '../../src/domain/units.ts';
import type { ConnectionLimitOptions } from '../../src/platform/connections.ts';
import { NetworkSet } from '../../src/platform/network.ts';

export const testConnectionLimits: ConnectionLimitOptions = {
  total: 100,
  beforeLogin: 100,
  perRange: 100,
  perNetwork: 100,
  perAccount: 10,
  exempt: new NetworkSet([]),
  startTime: seconds(20),
};
