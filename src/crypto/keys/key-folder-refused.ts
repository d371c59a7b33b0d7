/** Why a key of the key folder could not be had. */
import { Unusable } from '../../domain/unusable.ts';

/** The key folder does not have what a store needs. The text names the file and what to do. */
export class KeyFolderRefused extends Unusable {
  override readonly name = 'KeyFolderRefused';
}

/** The message was erased, and its day lives on for others. */
export class MessageErased extends KeyFolderRefused {}
