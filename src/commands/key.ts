/**
 * `sluis key`: the master key. It can be split among custodians, proven recoverable, recovered, and
 * replaced.
 */
import { z } from '../config/zod.ts';
import { facts, readableDay } from '../cli/output.ts';
import { grouped } from '../crypto/keys/base32.ts';
import { text } from './core/kind.ts';
import { file, folder } from './core/files.ts';
import { flag, need, opt, rest } from './core/params.ts';
import { changesHere, reads } from './core/row.ts';
import { subject } from './core/subject.ts';
import {
  CUSTODY,
  allowed,
  sharesNeeded,
  custodyProblem,
  escrowed,
  keyState,
  stateOf,
  verified,
} from './key/custody.ts';

const shares = rest(text('share', 4096), 'files with shares');

const escrow = changesHere({
  about: 'split the master key into shares for paper, one for each custodian',
  in: {
    out: need(folder, 'new folder for the shares, mode 0700'),
    custodian: CUSTODY.custodian,
    needed: opt(sharesNeeded, `${CUSTODY.needed.about}; default: 2`, 2),
  },
  check: ({ custodian, needed }) => custodyProblem(custodian, needed),
  out: z.object({ set: z.string(), files: z.array(z.string()).readonly() }),
  right: 'owner',
  second: 'key',
  trail: ['key.escrowed'],
  undo: 'key escrow, which makes other shares',
  examples: ['--out shares --custodian Jan --custodian Piet --custodian Klaas --needed 2 --reason "first escrow"'],
  run: async (here, input) => await (await import('./key/shares.ts')).makeShares(here, input),
  say: ({ set, files }, { custodian, needed }) =>
    [
      `The master key is split: set ${grouped(set)}, any ${needed} of these ${custodian.length} shares make it again.`,
      ...files.map((path, i) => `  ${custodian[i] ?? ''}: ${path}`),
      ...(needed === custodian.length
        ? [
            'Every share is needed: one that is lost takes the key with it. Three custodians of whom two are enough are safer.',
          ]
        : []),
      'Print each, give it to its custodian for a safe, and verify from the paper before the files go: sluis key verify SHARE SHARE',
    ].join('\n'),
});

const verify = changesHere({
  about: "show that shares make this store's master key; it is not written anywhere",
  in: { share: shares },
  out: keyState.extend({ shown: z.string() }),
  right: 'owner',
  trail: ['key.verified'],
  undo: 'nothing: it says what was shown',
  examples: ['shares/share-1-Jan.txt shares/share-3-Klaas.txt'],
  run: async (here, { share }) => {
    const { shownBy } = await import('./key/shares.ts');
    const shown = shownBy(share);
    return { ...(await here.call(verified, shown)), shown: shown.set };
  },
  json: { out: keyState, of: ({ shown: _, ...state }) => state },
  say: ({ fingerprint, escrow: known, shown }) =>
    [
      `These shares of set ${grouped(shown)} make the master key of this store (${fingerprint}). Nothing was written.`,
      ...(known?.set === shown
        ? []
        : [
            known === undefined
              ? 'No escrow of this key is known here: who else has shares of this set is not.'
              : `They are not of the set of the present escrow, ${grouped(known.set)}: whether its shares make the key was not shown.`,
          ]),
    ].join('\n'),
});

const recover = changesHere({
  about: 'make the master key file again from shares; needs no gateway',
  in: { share: shares, out: need(file, 'new file for the key, mode 0600') },
  out: z.object({ file: z.string(), fingerprint: z.string() }),
  right: 'owner',
  trail: [],
  undo: 'the file is deleted',
  examples: ['shares/share-1-Jan.txt shares/share-2-Piet.txt --out recovered.key'],
  run: async (_, { share, out }) => ({
    file: out,
    fingerprint: await (await import('./key/shares.ts')).recoverTo(share, out),
  }),
  say: (made) =>
    `The master key ${made.fingerprint} is in ${made.file}. Put it where the configuration reads it ([keys]), owned by the gateway's user, mode 0600.`,
});

const rotated = z.object({
  from: z.string(),
  to: z.string().meta({ description: 'Fingerprint of the new key; `from`: of the one before.' }),
  sealed: z.number().meta({ description: 'Keys and secrets that are sealed with it.' }),
  resumed: z.boolean().meta({ description: 'One that was interrupted was brought to its end.' }),
  followed: z.boolean().meta({ description: 'Another gateway of the store had made the new key; this one took it.' }),
  oldKeyFile: z.string().optional(),
  oldKeyFolder: z.string().optional().meta({ description: 'What opens the earlier backups, with the old key.' }),
});

const rotate = changesHere({
  about: 'make a new master key and seal everything with it; the gateway is stopped meanwhile',
  in: {
    out: opt(file, 'where to write the new key, if a command prints the master key'),
    withoutCopy: flag('keep no copy of the old key folder, which earlier backups need'),
    yes: flag('do not ask'),
  },
  out: z.object({ done: rotated, told: z.string() }),
  right: 'owner',
  second: 'key',
  trail: ['key.rotation-allowed', 'key.rotated'],
  undo: 'key rotate once more; the old key and its folder open the earlier backups',
  examples: ['--yes --reason "a custodian has left"'],
  run: async (here, input) => await (await import('./key/rotate.ts')).rotate(here, input),
  json: { out: rotated, of: ({ done }) => done },
  say: ({ told }) => told,
});

const status = reads({
  about: 'which master key the store has, and what is known of its escrow',
  in: {},
  out: keyState,
  right: 'read',
  examples: [''],
  run: (context) => stateOf(context),
  say: ({ fingerprint, escrow: known, reminder }) =>
    [
      facts([
        ['Master key', fingerprint],
        [
          'Escrow',
          known === undefined
            ? 'none of this key'
            : `set ${grouped(known.set)}, any ${known.needed} of ${known.custodians.length}`,
        ],
        ['Custodians', known?.custodians.join(', ')],
        ['Made', readableDay(known?.madeAt)],
        ['Verified', known === undefined ? undefined : (readableDay(known.verifiedAt) ?? 'never')],
      ]),
      ...(reminder === undefined ? [] : [`To do: ${reminder}.`]),
    ].join('\n'),
});

export const masterKey = subject(
  'key',
  'the master key: escrow, recovery, rotation',
  { status, escrow, verify, recover, rotate },
  { parts: { escrow: escrowed, verified, rotate: allowed } },
);
