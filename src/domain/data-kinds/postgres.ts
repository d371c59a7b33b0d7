/**
 * Tables that the store has on PostgreSQL alone, where several gateways write into it. None of them
 * has content.
 */
import type { DataKinds } from './data-kind.ts';

/** By table. A test holds it against the schema (test/postgres/schema). */
export const POSTGRES_KINDS = {
  job_lease: {
    area: 'technical',
    what: 'which gateway does what must be done once',
    columns: ['name', 'node', 'epoch', 'fence', 'until'],
    kept: 'a row for each job',
    erase: 'not of an organisation',
  },
  lane: {
    area: 'trail',
    what: 'which connection of which gateway wrote which chain of the trail',
    columns: ['id', 'node', 'epoch', 'begun_at', 'ended_at'],
    kept: 'as the audit trail',
    erase: 'not of an organisation',
  },
  maildrop_lease: {
    area: 'envelope',
    what: 'whose maildrop is open at which gateway, with session and network while it is',
    columns: ['account', 'fence', 'node', 'epoch', 'session', 'network', 'progressed_at', 'until', 'held'],
    kept: 'session and network until the session ends; if its gateway died, until the next session; the numbers for ever',
    erase: 'kept: numbers, and what is of the last session if its gateway died',
  },
  node: {
    area: 'technical',
    what: 'gateways that share the store, and when each was last heard',
    columns: [
      ...['id', 'name', 'site', 'epoch', 'instance', 'started_at', 'heard_at', 'latest', 'ahead', 'version'],
      ...['schema_version', 'address', 'acknowledges', 'acknowledged_at', 'alone_until'],
    ],
    kept: 'until its number is needed for another gateway, the 257th',
    erase: 'not of an organisation',
  },
  registry_version: {
    area: 'technical',
    what: 'the number by which gateways know that the registry changed',
    columns: ['id', 'version'],
    kept: 'one row',
    erase: 'not of an organisation',
  },
  resubmission_key: {
    area: 'technical',
    what: 'hashes of what was sent, to tell what is sent again',
    columns: ['key', 'message', 'at', 'unsure'],
    kept: '24 hours',
    erase: 'runs out by itself',
  },
  sealing_key: {
    area: 'technical',
    what: 'which gateway seals the messages of a day with which key, by a mark of it',
    columns: ['day', 'mark', 'node'],
    kept: 'for ever; the key itself is not in it',
    erase: 'not of an organisation',
  },
  standby_list: {
    area: 'technical',
    what: 'which servers confirm, for the day on which the primary has gone',
    columns: ['id', 'names', 'server', 'timeline', 'position', 'at'],
    kept: 'one row',
    erase: 'not of an organisation',
  },
  usage_waiting: {
    area: 'technical',
    what: 'figures of usage that are not yet added to those of the month',
    columns: ['id', 'lane', 'at', 'sums'],
    kept: 'minutes',
    erase: 'added up by then',
  },
} satisfies DataKinds;
