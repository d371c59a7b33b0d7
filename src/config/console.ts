/** The address of the web console, and how long its sessions last. */
import { defined } from '../domain/defined.ts';
import type { Milliseconds } from '../domain/units.ts';
import { GROUP_ROLES, type GroupRole } from '../domain/roles.ts';
import { originOf } from './listeners.ts';
import type { ConfigProblem } from './problem.ts';
import type { Config } from './schema.ts';
import { readSecretLine } from './store.ts';

interface ConsoleFacts {
  /** Address with a slash at the end; absent if no listener serves the console. */
  readonly page?: string;
  readonly times: { readonly idle: Milliseconds; readonly longest: Milliseconds };
}

/**
 * The address as browsers write it, in lower case and without a slash at the end. Undefined if no
 * listener serves the console.
 */
export const consoleOrigin = (config: Config): string | undefined =>
  (config.console.page?.replace(/\/$/, '') ?? originOf(config, 'console'))?.toLowerCase();

export function consoleFacts(config: Config): ConsoleFacts {
  const { idle, longest } = config.console;
  const origin = consoleOrigin(config);
  return { times: { idle, longest }, ...defined({ page: origin && `${origin}/` }) };
}

/** Problems of the settings without which a login at the provider would prove nothing. */
export function consoleProblems({ console: { oidc } }: Config): readonly ConfigProblem[] {
  if (oidc === undefined) return [];
  const problems: ConfigProblem[] = [];
  if (oidc.acr.length + oidc.amr.length === 0)
    problems.push({
      path: 'console.oidc.acr',
      value: '[]',
      expected: 'what counts as two factors at this provider, in acr or amr',
      remedy: 'ask who runs the provider what its ID tokens say of a login with two factors',
    });
  if (GROUP_ROLES.every((role) => oidc[`${role}-groups`].length === 0))
    problems.push({
      path: 'console.oidc.support-groups',
      value: '[]',
      expected: 'groups whose members have a role',
      remedy:
        'name at least one group of the provider in security-groups, registry-groups, support-groups or read-groups',
    });
  if (!oidc.scope.split(' ').includes('openid'))
    problems.push({
      path: 'console.oidc.scope',
      value: JSON.stringify(oidc.scope),
      expected: 'a scope with openid in it',
      remedy: 'add openid: without it there is no ID token',
    });
  return problems;
}

export type OidcConfig = NonNullable<Config['console']['oidc']>;

/** The client's secret. Throws ConfigError. */
export const readClientSecret = (config: Config): string =>
  readSecretLine(config, 'console.oidc.secret-file', config.console.oidc?.['secret-file'] ?? '');

/**
 * The role of a person in these groups: the one with the most rights. Undefined if none of them has
 * a role.
 */
export const roleOfGroups = (oidc: OidcConfig, groups: readonly string[]): GroupRole | undefined =>
  GROUP_ROLES.find((role) => oidc[`${role}-groups`].some((group) => groups.includes(group)));
