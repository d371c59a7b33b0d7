/** Operations on the running gateway itself. */
import { type GatewayStatus, type ReloadReport, runningGateway } from './context.ts';
import { change, listing } from './operation.ts';

const nothing = (): undefined => undefined;

export const gatewayOperations = {
  'gateway.status': listing(nothing, ({ gateway }): Promise<GatewayStatus> =>
    Promise.resolve(runningGateway(gateway, 'show the status').status()),
  ),
  'gateway.reload': change(nothing, ({ gateway }, _, { actor }): Promise<ReloadReport> =>
    runningGateway(gateway, 'reload').reload(actor),
  ),
};
