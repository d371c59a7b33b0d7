/** Errors of the key folder: why a key could not be read. */
import { Unusable } from '../../domain/unusable.ts';

/** The key folder does not have what a store needs. The text names the file and what to do. */
export class KeyFolderRefused extends Unusable {
  override readonly name = 'KeyFolderRefused';
}

/** The message was erased, while its day lives on for others. */
export class MessageErased extends KeyFolderRefused {}
