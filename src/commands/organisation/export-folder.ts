/** The folder that `organisation export` writes. */
import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { FILE_MARK } from '../../admin/file-stream.ts';
import { CommandError } from '../../cli/exit.ts';
import { type NewFile, fileCode, newFile } from '../../cli/new-file.ts';
import { everyKind } from '../../domain/data-kinds.ts';

interface Written {
  readonly name: string;
  octets: number;
  readonly hash: ReturnType<typeof createHash>;
  readonly file: NewFile;
}

/**
 * Splits the stream into files. A file that was begun but not finished does not go into the
 * manifest.
 */
export class ExportFolder {
  readonly #path: string;
  readonly #manifest: { readonly name: string; readonly octets: number; readonly sha256: string }[] = [];
  #current: Written | undefined;

  constructor(path: string) {
    this.#path = path;
    try {
      mkdirSync(path, { mode: 0o700 });
      mkdirSync(join(path, 'mail'), { mode: 0o700 });
    } catch (error) {
      throw new CommandError(
        fileCode(error),
        `Cannot make the folder "${path}": ${(error as Error).message}; name a new folder in one that you may write`,
      );
    }
  }

  readonly take = (piece: string): void => {
    if (piece.startsWith(FILE_MARK)) this.#begin(piece.slice(FILE_MARK.length));
    else if (this.#current !== undefined) {
      const octets = Buffer.from(piece, 'latin1');
      this.#current.file.append(octets);
      this.#current.hash.update(octets);
      this.#current.octets += octets.length;
    }
  };

  #begin(name: string): void {
    this.#close();
    if (!/^(?:mail\/)?[a-z0-9-]+\.(?:jsonl|eml|txt)$/.test(name))
      throw new CommandError(
        'failed',
        `Cannot write "${name}": it is not a name of an export; are command line and gateway of the same version?`,
      );
    this.#current = { name, octets: 0, hash: createHash('sha256'), file: newFile(join(this.#path, name), 0o600) };
  }

  #close(): void {
    const written = this.#current;
    this.#current = undefined;
    if (written === undefined) return;
    written.file.end();
    this.#manifest.push({ name: written.name, octets: written.octets, sha256: written.hash.digest('hex') });
  }

  end(text: string): void {
    this.#begin('readme.txt');
    this.take(Buffer.from(text).toString('latin1'));
    this.#close();
    newFile(join(this.#path, 'manifest.json'), 0o600).write(
      `${JSON.stringify({ format: 'sluis organisation export 1', files: this.#manifest }, undefined, 1)}\n`,
    );
  }
}

export const readme = (name: string, missing: readonly string[]): string =>
  [
    `Everything that the gateway holds of organisation ${name}, one JSON object a line.`,
    '',
    'organisation.jsonl    title, contact, register numbers, settings (purpose, legal basis and agreement among them)',
    'accounts.jsonl        accounts, addresses and their settings, delegations, names and times of passwords (never their hashes)',
    'former-accounts.jsonl accounts that became those of another organisation, and when: mail and registry are of that one, their trail until then is here',
    'certificates.jsonl    certificates with PEM; pgp-keys.jsonl OpenPGP keys; private keys never leave',
    'partners.jsonl        mail servers, without secrets; edi-identities.jsonl; absences.jsonl',
    'usage.jsonl           figures of each account and month, for the invoice',
    'messages.jsonl        envelopes of messages that were sent by its accounts or are in their mailboxes, as long as they are told of',
    'audit.jsonl           rows of the audit trail about its accounts',
    'mail/                 messages that wait in its mailboxes, if they were asked for (ACCOUNT-NUMBER-ID.eml)',
    'manifest.json         octets and SHA-256 of every file',
    '',
    ...(missing.length === 0 ? [] : ['Not here:', ...missing.map((text) => `- ${text}`), '']),
    'What the gateway keeps, and how long:',
    ...everyKind().map(([table, { what, kept }]) => `- ${table}: ${what}; kept ${kept}`),
    '',
  ].join('\n');
