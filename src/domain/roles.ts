/**
 * What operators may do. A right is what an operation asks for; a role is what an operator has.
 * Both have the same five words: a right is named after the least role that has it.
 */

import type { Means } from './console.ts';

export const ROLES = ['read', 'support', 'registry', 'security', 'owner'] as const;
export type Role = (typeof ROLES)[number];
export type Right = Role;

/**
 * Roles that a system group may have, the most rights first: a person who may open several sockets
 * gets the first. The owner's is never a group's.
 */
export const GROUP_ROLES = ['security', 'registry', 'support', 'read'] as const satisfies readonly Role[];
export type GroupRole = (typeof GROUP_ROLES)[number];

/** In the words of the documents. */
export const ROLE_ABOUT: Readonly<Record<Role, string>> = {
  read: 'looks at what is registered, at states, counts and figures; not at who mailed with whom',
  support:
    'the helpdesk: also traces, sessions and the queue, password codes, and stopping an account that was taken over',
  registry: 'also registers, changes and ends organisations, accounts, addresses, partners and their settings',
  security: 'also certificates, keys of users, the audit trail, evidence, backups and operators; nothing of registry',
  owner: 'everything: also the root and the master key, mail as it is in a mailbox, and what erases',
};

/**
 * registry and security stand side by side: an operator who registers practices does not hand out
 * certificates, and the other way round.
 */
const RIGHTS: Readonly<Record<Role, readonly Right[]>> = {
  read: ['read'],
  support: ['read', 'support'],
  registry: ['read', 'support', 'registry'],
  security: ['read', 'support', 'security'],
  owner: ROLES,
};

export const isRole = (text: unknown): text is Role => (ROLES as readonly unknown[]).includes(text);

export const mayDo = (role: Role, right: Right): boolean => RIGHTS[role].includes(right);

/** True if `role` may do everything that `other` may. */
export const covers = (role: Role, other: Role): boolean => RIGHTS[other].every((right) => mayDo(role, right));

/**
 * The role with the rights that both have: registry and security have those of support in common.
 */
export function commonRole(a: Role, b: Role): Role {
  const common = ROLES.filter((role) => covers(a, role) && covers(b, role));
  // Everybody covers `read`, so there is one; the last is the one that covers the others (a test
  // walks all pairs).
  return common.at(-1) ?? 'read';
}

/**
 * How it is known who calls. `said`: only the caller says so. `passkey`, `oidc`: how somebody
 * logged in to the web console. `log-in`: an account, with two factors, at its own pages.
 * `signatures`: two operators stand behind exactly this call, by keys or passkeys of their own.
 */
export type Proof = 'said' | 'token' | 'certificate' | Means | 'signatures' | 'log-in';

/** What a caller may do, and how we know who it is. */
export interface Standing {
  readonly role: Role;
  readonly proof: Proof;
  /** Name of the one organisation that he may do it for; left out: all. */
  readonly organisation?: string;
  /**
   * Login of the account that acts for itself: it may do what admin/own-account.ts lists, with what
   * belongs to it, whatever the role.
   */
  readonly account?: string;
  /** Id of the passkey of his session in the console. */
  readonly passkey?: string;
}

/**
 * Whoever may open the store's own files, or the socket beside them: root and the gateway's user.
 */
export const OWNER_SAID: Standing = { role: 'owner', proof: 'said' };
