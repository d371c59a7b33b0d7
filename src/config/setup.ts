/**
 * The settings that mail programs find by themselves: what they need of the listeners, and where
 * programs look.
 */
import { portsForAll } from '../domain/served-port.ts';
import { type ConfigProblem, shown } from './problem.ts';
import type { Config } from './schema.ts';
import { servedPorts } from './served-ports.ts';

/** The listener that programs ask; undefined if nothing is offered. */
export const setupListener = ({ setup, listener }: Config): Config['listener'][number] | undefined =>
  setup.domains.length === 0 ? undefined : listener.find(({ protocol }) => protocol === 'self-service');

/** Host names that programs ask for the settings of an address, the more usual one first. */
export const setupHosts = (domain: string): readonly string[] => [`autoconfig.${domain}`, `autodiscover.${domain}`];

export function setupProblems(config: Config): readonly ConfigProblem[] {
  const { domains } = config.setup;
  if (domains.length === 0) return [];
  const problems: ConfigProblem[] = [];
  const about = { path: 'setup.domains', value: shown(domains) };
  if (setupListener(config) === undefined)
    problems.push({
      ...about,
      expected: 'a listener with the protocol self-service, where programs ask',
      remedy: 'there is none; add it, best on port 443, or remove setup.domains',
    });
  const served = portsForAll(servedPorts(config));
  for (const [protocol, what] of [
    ['pop3', 'fetched'],
    ['smtp', 'sent'],
  ] as const)
    if (!served.some((one) => one.protocol === protocol))
      problems.push({
        ...about,
        expected: `a listener with the protocol ${protocol} that is for everybody, where mail is ${what}`,
        remedy: 'there is none without accounts, networks and the profile legacy; add one, or remove setup.domains',
      });
  return problems;
}
