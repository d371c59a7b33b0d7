/**
 * Keys that sign, on all nodes: those of issuing authorities, without which a node can neither
 * issue certificates nor sign revocation lists, and that of evidence, so that one certificate
 * checks what any node signed. Each node fetches those that it lacks; nothing is replaced. Nodes
 * that each made a key of evidence before they met keep their own.
 */
import { issuingKeyFiles, takeIssuingKey } from '../crypto/keys/authority-keys.ts';
import { evidenceFiles, takeEvidenceFiles } from '../crypto/trail/evidence-keys.ts';
import { defined } from '../domain/defined.ts';
import type { Log } from '../domain/effects.ts';
import { type Result, fail } from '../domain/result.ts';
import type { Peer } from './channel/client.ts';
import { PeerRefused } from './channel/refusals.ts';
import { type AnswerOf, type Handlers, MOST_SIGNING } from './channel/requests.ts';

const EVIDENCE = 'evidence';
const ISSUING = 'ca/';

export interface SigningKeysParts {
  readonly keyFolder: string;
  readonly masterKey: Uint8Array;
  readonly log: Log;
}

export class SigningKeys {
  readonly #p: SigningKeysParts;

  constructor(parts: SigningKeysParts) {
    this.#p = parts;
  }

  /** Names of the keys that other nodes may have, at most `MOST_SIGNING`. */
  have(): readonly string[] {
    return [...this.#files().keys()].slice(0, MOST_SIGNING);
  }

  #files(): ReadonlyMap<string, { readonly sealed: Buffer; readonly certificate?: string }> {
    const { keyFolder, masterKey } = this.#p;
    const evidence = evidenceFiles(keyFolder, masterKey);
    return new Map([
      ...(evidence === undefined ? [] : [[EVIDENCE, evidence] as const]),
      ...[...issuingKeyFiles(keyFolder, masterKey)].map(
        ([fingerprint, sealed]) => [`${ISSUING}${fingerprint}`, { sealed }] as const,
      ),
    ]);
  }

  give(name: string): AnswerOf<'signing.give'> {
    const found = this.#files().get(name);
    if (found === undefined) throw new PeerRefused('no-key', `the key ${name} is no longer here`);
    return { sealed: found.sealed.toString('base64'), ...defined({ certificate: found.certificate }) };
  }

  /** Keeps a key that this node lacks; the error says why it is of no use. */
  take(name: string, { sealed, certificate }: AnswerOf<'signing.give'>): Result<void, string> {
    const { keyFolder, masterKey, log } = this.#p;
    const octets = Buffer.from(sealed, 'base64');
    if (name === EVIDENCE && certificate === undefined) return fail('it came without its certificate');
    const taken =
      name === EVIDENCE
        ? takeEvidenceFiles(keyFolder, masterKey, { sealed: octets, certificate: certificate ?? '' })
        : takeIssuingKey(keyFolder, masterKey, name.slice(ISSUING.length), octets);
    if (taken.ok) log.info('cluster.signing-key-taken', { key: name });
    return taken;
  }

  /**
   * Fetches what the other node has and this one lacks; answers what it could not take, in words.
   * A node of an earlier version has no such requests, and gives none.
   */
  async fetchFrom(peer: Peer): Promise<readonly string[]> {
    const theirs = await asked(peer.ask('signing.have', {}), 'unknown-request');
    const ours = new Set(this.have());
    const left: string[] = [];
    for (const name of theirs?.names ?? []) {
      if (ours.has(name)) continue;
      const given = await asked(peer.ask('signing.give', { name }), 'no-key');
      const taken = given === undefined ? undefined : this.take(name, given);
      if (taken?.ok === false)
        left.push(
          `the key ${name} of node "${peer.introduction.node}" cannot be used here: ${taken.error}; see "sluis check" there`,
        );
    }
    return left;
  }

  get handlers(): Pick<Handlers, Extract<keyof Handlers, `signing.${string}`>> {
    return {
      'signing.have': () => Promise.resolve({ names: [...this.have()] }),
      'signing.give': async ({ name }) => {
        await Promise.resolve();
        return this.give(name);
      },
    };
  }
}

/** Undefined: the other node refused with this code. */
async function asked<T>(answer: Promise<T>, code: PeerRefused['code']): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof PeerRefused && error.code === code) return undefined;
    throw error;
  }
}
