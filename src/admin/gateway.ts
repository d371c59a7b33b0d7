/** Operations on the running gateway itself. */
import {
  type AdminContext,
  AdminError,
  type GatewayStatus,
  type ReloadReport,
  type RunningGateway,
} from './context.ts';
import { change, listing } from './operation.ts';

const running = ({ gateway }: AdminContext, action: string): RunningGateway => {
  if (gateway === undefined)
    throw new AdminError(
      'unavailable',
      `Cannot ${action}: no gateway is running on this data folder; start it with "sluis serve"`,
    );
  return gateway;
};

const nothing = (): undefined => undefined;

export const gatewayOperations = {
  'gateway.status': listing(nothing, (context): Promise<GatewayStatus> =>
    Promise.resolve(running(context, 'show the status').status()),
  ),
  'gateway.reload': change(nothing, (context): Promise<ReloadReport> => running(context, 'reload').reload()),
};
