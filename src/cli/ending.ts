/** What `end` says and asks, whatever it ends: an account, an address, a partner or an organisation. */
import type { Command } from 'commander';
import { defined } from '../domain/defined.ts';
import { type SureOptions, destroying } from './ask.ts';
import { CommandError } from './exit.ts';
import { guarded, wholeDays } from './options.ts';

export interface EndOptions extends SureOptions {
  readonly grace?: number;
  readonly now?: boolean;
  readonly successor?: string;
  readonly dryRun?: boolean;
}

export const ending = (command: Command): Command =>
  destroying(guarded(command))
    .option('--grace <days>', 'how long "resume" can take it back, such as 60d; default: 30d', wholeDays)
    .option('--now', 'at once and for ever, with no time of grace')
    .option('--successor <address>', 'who takes its mail: senders are told')
    .option('--dry-run', 'say what would be done, and do nothing');

/** What the operation takes of them. */
export function endingInput({ grace, now = false, successor }: EndOptions): {
  readonly 'grace-days'?: number;
  readonly successor?: string;
} {
  if (now && grace !== undefined)
    throw new CommandError('usage', 'Cannot end with --now and --grace: it is one or the other');
  const days = now ? 0 : grace;
  return defined({ 'grace-days': days, successor });
}
