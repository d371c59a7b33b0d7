/**
 * The command `set` for organisations, accounts and addresses: `KEY=VALUE` for one, or for many
 * from a CSV file. Also the list of settings that `show` prints.
 */
import { z } from '../config/zod.ts';
import type { AdminContext } from '../admin/context.ts';
import { AdminError } from '../admin/error.ts';
import type { Call } from '../admin/call.ts';
import { table } from '../cli/output.ts';
import { many } from '../domain/counted.ts';
import type { SettingScope } from '../domain/settings/setting.ts';
import { address, login, organisation } from './core/kinds.ts';
import { type Kind, ofText } from './core/kind.ts';
import { inputOf } from './core/operations.ts';
import { type Params, type Values, arg, flag, maybe, nameOf, rest } from './core/params.ts';
import { type Change, changes } from './core/row.ts';
import { settingViews, settings } from './core/views.ts';

const one = z.object(settingViews);
const manyView = z.object({
  targets: z.number().meta({ description: 'Those that had other settings before.' }),
  changes: z.number(),
  already: z.number().meta({ description: 'Lines whose target had all of it already.' }),
  applied: z.boolean().meta({ description: 'False if it was a dry run.' }),
  warnings: z
    .array(z.string())
    .readonly()
    .meta({ description: 'Settings that cancel each other among those that change: one sentence for each kind.' }),
});

/**
 * What `set` can change besides settings, such as `--title TEXT`, together with or without
 * `KEY=VALUE`.
 */
export interface Fields<P extends Params, F> {
  readonly in: P;
  readonly out: z.ZodType<F>;
  readonly trail: readonly string[];
  readonly was?: readonly string[];
  readonly examples: readonly string[];
  change(context: AdminContext, name: string, given: Values<P>, call: Call): Promise<F>;
  say(done: F): string;
}

const assignment = ofText(
  'setting',
  { en: 'KEY=VALUE, such as quota=5GiB', nl: 'KEY=VALUE, zoals quota=5GiB' },
  (text) => {
    const at = text.indexOf('=');
    return at > 0 ? ([text.slice(0, at), text.slice(at + 1)] as const) : undefined;
  },
  640,
);

const names: Readonly<Record<SettingScope, Kind<string>>> = { organisation, account: login, address };

const targetIn = (scope: SettingScope) => ({
  name: maybe(names[scope], `the ${scope}`),
  settings: rest(assignment, 'KEY=VALUE; KEY=default takes a setting back'),
  dryRun: flag('with --from: check every line and change nothing'),
});
type Target = Values<ReturnType<typeof targetIn>>;

type Answer<F> = z.infer<typeof manyView> | (z.infer<typeof one> & { readonly fields?: F | undefined });

export function settable<P extends Params, F = never>(
  scope: SettingScope,
  example: string,
  fields?: Fields<P, F>,
): Change<ReturnType<typeof targetIn> & P, Answer<F>> {
  const read = (name: string): string => inputOf({ in: { name: arg(names[scope], '') } }, { name }).name;
  const row: Change<ReturnType<typeof targetIn>, Answer<F>> = changes({
    about: `set policy of one ${scope}, or of many from a CSV file`,
    in: { ...targetIn(scope), ...fields?.in },
    upload: { about: `CSV with the header "${scope},KEY,KEY..."; an empty cell changes nothing` },
    out: z.union([
      manyView,
      one.extend({ ...(fields !== undefined && { fields: fields.out.optional() }) }),
    ]) as z.ZodType<Answer<F>>,
    right: 'registry',
    trail: ['registry.settings', ...(fields?.trail ?? [])],
    undo: 'KEY=default, or what it was',
    examples: [`${example} max-message=10MiB`, ...(fields?.examples ?? [])],
    ...(fields?.was !== undefined && { was: fields.was }),
    progress: { phase: 'Setting', unit: scope === 'address' ? 'addresses' : `${scope}s` },
    check: ({ settings: given }) => {
      const twice = given.find(([name], n) => given.findIndex(([before]) => before === name) < n);
      return twice && `Cannot set "${twice[0]}" twice in one command; give it once`;
    },
    run: async (context, input, call) => {
      const { name, settings: values, dryRun } = input;
      const { setFromFile, setSettings, settingChanges, targetOf } = await import('../admin/settings.ts');
      if (call.upload !== undefined) {
        if (name !== undefined) throw wrong(`"${name}" and a file in one command; give one of them`);
        return await setFromFile(context, { scope, read }, input, call);
      }
      if (name === undefined) throw wrong(`: name the ${scope}, or give a file with --from`);
      if (dryRun)
        throw new AdminError('invalid', 'Cannot use --dry-run without --from: it checks a file; name the file');
      const given = fields === undefined ? undefined : givenOf(fields.in, input as Target & Values<P>);
      if (values.length === 0 && given === undefined)
        throw wrong(`: nothing was given; expected KEY=VALUE${optionsOf(fields?.in ?? {})}`);
      const wanted = settingChanges(scope, values);
      const changed = given && (await fields?.change(context, name, given, call));
      const set =
        values.length === 0
          ? { settings: [], warnings: [] }
          : await setSettings(context, targetOf(scope, name), wanted, call);
      return { ...set, fields: changed };
    },
    warnings: ({ warnings }) => warnings,
    // JSON keeps its old form: the changed fields, or the list of settings. The answer that has
    // both came later.
    json: {
      out: z.union([settings, manyView, ...(fields === undefined ? [] : [fields.out])]),
      of: (done) => {
        if ('targets' in done) return done;
        const { fields: changed, settings: set } = done;
        return changed === undefined ? set : { ...changed, ...(set.length > 0 && { settings: set }) };
      },
    },
    say: (done) =>
      'targets' in done
        ? manyText(scope, done)
        : [
            ...(done.fields === undefined ? [] : [fields?.say(done.fields) ?? '']),
            ...(done.settings.length === 0 ? [] : [settingsTable(done.settings)]),
          ].join('\n'),
  });
  return row as unknown as Change<ReturnType<typeof targetIn> & P, Answer<F>>;
}

const wrong = (what: string): AdminError =>
  new AdminError('invalid', `Cannot set${what.startsWith(':') ? '' : ' '}${what}`);

const optionsOf = (params: Params): string =>
  Object.keys(params)
    .map((key) => ` or --${nameOf(key)}`)
    .join('');

/** The fields that were given; undefined if there are none. */
function givenOf<P extends Params>(params: P, input: Values<P>): Values<P> | undefined {
  const given = Object.keys(params).map((key) => [key, input[key]] as const);
  const any = given.some(([, value]) => value !== undefined && (!Array.isArray(value) || value.length > 0));
  return any ? (Object.fromEntries(given) as Values<P>) : undefined;
}

function manyText(scope: SettingScope, done: z.infer<typeof manyView>): string {
  const changed = `${many(done.changes, 'setting')} of ${many(done.targets, scope)}`;
  const already = done.already === 0 ? '' : ` ${done.already} had them already.`;
  return done.applied
    ? `Changed ${changed}.${already}`
    : `The file is right: it would change ${changed}.${already} Nothing was changed.`;
}

type Shown = z.infer<typeof settings>;

const settingsTable = (all: Shown): string =>
  table(
    ['SETTING', 'VALUE', 'FROM'],
    all.map((s) => [s.name, s.value, s.from]),
  );

/**
 * The last part of what `show` prints: the settings that somebody set or, with `--all`, all of
 * them.
 */
export function settingsPart(
  shown: { readonly settings: Shown; readonly warnings: readonly string[] },
  all: boolean,
): string {
  const text =
    shown.settings.length === 0
      ? '\nSettings: all default (--all shows them)'
      : `\nSettings${all ? '' : ' that differ from the default (--all shows every one)'}\n${settingsTable(shown.settings)}`;
  return [text, ...shown.warnings.map((warning) => `Warning: ${warning}.`)].join('\n');
}
