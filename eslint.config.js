// The type-aware rules keep floating promises out (a floating promise is lost mail); the layer rules hold the shape that
// docs/architecture.md draws: imports run downwards, and each package is confined to one folder.
import { readdirSync } from 'node:fs';
import js from '@eslint/js';
import tseslint from 'typescript-eslint';
import { alsoKeys, core, keyFunctions, pattern } from './scripts/audited-core.mjs';

/** What a folder may import. ESLint's own no-restricted-imports sees neither `import()`, by which a command loads what it runs, nor a type by `import()`. */
const importsRule = {
  meta: {
    type: 'problem',
    schema: [{ type: 'object' }],
    messages: {
      shut: 'src/{{folder}} may import only: {{allowed}}.',
      unknown: 'What is imported must stand here as a text, or no rule sees it.',
    },
  },
  create(context) {
    const [{ folder, allowed, prefixes }] = context.options;
    const check = (node, source) => {
      if (typeof source?.value !== 'string') context.report({ node, messageId: 'unknown' });
      else if (!prefixes.some((prefix) => source.value.startsWith(prefix)))
        context.report({ node, messageId: 'shut', data: { folder, allowed: allowed.join(', ') || 'itself' } });
    };
    return {
      ImportDeclaration: (node) => check(node, node.source),
      ExportAllDeclaration: (node) => check(node, node.source),
      ExportNamedDeclaration: (node) => node.source !== null && check(node, node.source),
      ImportExpression: (node) => check(node, node.source),
      TSImportType: (node) => check(node, node.source),
    };
  },
};
/** `...{ a, b }` would only keep the formatter from breaking a line, and hides a property that no type has. */
const propertiesRule = {
  meta: {
    type: 'suggestion',
    schema: [],
    messages: { plain: 'Write plain properties in place of a spread of a literal.' },
  },
  create: (context) => ({
    'ObjectExpression > SpreadElement > ObjectExpression': (node) => context.report({ node, messageId: 'plain' }),
  }),
};
/** Keys stay in the core to be audited: elsewhere nothing that makes, reads or uses one is taken from node:crypto, by name or with all the rest. */
const keysRule = {
  meta: {
    type: 'problem',
    schema: [],
    messages: {
      outside: 'Keys are for the core to be audited (scripts/audited-core.mjs): call what crypto/ has for this.',
    },
  },
  create(context) {
    const isCrypto = (source) => source?.value === 'node:crypto' || source?.value === 'crypto';
    const report = (node) => context.report({ node, messageId: 'outside' });
    const isKey = ({ name, value }) => keyFunctions.includes(name ?? value);
    return {
      ImportDeclaration(node) {
        if (isCrypto(node.source) && node.specifiers.some(({ imported }) => imported === undefined || isKey(imported)))
          report(node);
      },
      ExportNamedDeclaration(node) {
        if (isCrypto(node.source) && node.specifiers.some(({ local }) => isKey(local))) report(node);
      },
      ExportAllDeclaration: (node) => isCrypto(node.source) && report(node),
      ImportExpression: (node) => isCrypto(node.source) && report(node),
      'CallExpression[callee.property.name="getBuiltinModule"]': report,
    };
  },
};
const layers = { rules: { imports: importsRule, keys: keysRule, properties: propertiesRule } };

/** `allowed`: prefixes of import specifiers that files of `src/folder` may use, besides their own folder. `names`: of some files only. */
const layer = (folder, allowed, up = '../', names = '*') => ({
  files: [`src/${folder}/${names}.ts`],
  plugins: { layers },
  rules: {
    'layers/imports': [
      'error',
      { folder, allowed, prefixes: ['./', ...allowed.map((a) => (a.startsWith('/') ? up + a.slice(1) : a))] },
    ],
  },
});

/** What files of a folder in it may take from beside that. */
const commandFiles = readdirSync(new URL('src/commands/', import.meta.url)).map((name) => `../${name}`);
const domain = '/domain/';
const platform = '/platform/';
/** The store's port: what its records are, and in `port/` what can be asked of it. */
const recordFiles = [
  'actor.ts',
  'store.ts',
  'acceptance.ts',
  'body.ts',
  'maildrop.ts',
  'registry.ts',
  'certificates.ts',
  'copies.ts',
  'audit.ts',
  'deliveries.ts',
  'interchanges.ts',
  'idempotency.ts',
  'jobs.ts',
  'maildrop-locks.ts',
  'message-ids.ts',
  'notices.ts',
  'imports.ts',
  'organisation-merge.ts',
  'partners.ts',
  'quirks.ts',
  'shared-counts.ts',
  'absences.ts',
  'edi-identities.ts',
  'organisation-references.ts',
  'account-moves.ts',
  'pgp-keys.ts',
  'operators.ts',
  'console.ts',
  'self-service.ts',
  'takeovers.ts',
  'usage.ts',
  'webhooks.ts',
];
const port = [...recordFiles, 'port/'].map((file) => `/store/${file}`);
/** What the store's own folders share. */
const storeParts = ['../port/', '../sql/', '../changes/', '../reads/', '../objects.ts'];
const node = 'node:';
/** What a command may use: it says what it does in the gateway, and what it does here. */
const ofCommands = [
  ...[node, domain, platform, '/config/', '/crypto/', '/admin/', '/cli/', '/auth/', '/backup/', '/ca/', '/cluster/'],
  ...['/middleware/', '/notices/', '/protection/', '/push/', '/scan/'],
  ...['/letters/', '/takeover/', '/trail/', '/webhooks/', '/pages/causes.ts'],
  '/gateway.ts',
  // The bench for vendors, in front of a gateway.
  '/sandbox/',
  // The statement is a page that is read without a server.
  '/http/html.ts',
  ...['admin', 'backup', 'sites', 'store', 'stopped-store'].map((f) => `/gateway/${f}.ts`),
  ...['checks', 'dane', 'listeners', 'mail-test', 'mail-test-facts', 'records', 'report', 'scan', 'setup'].map(
    (f) => `/gateway/doctor-${f}.ts`,
  ),
  ...port,
];
const belowGateway = [
  ...[node, domain, platform, '/admin/', '/auth/', '/backup/', '/ca/', '/config/', '/crypto/'],
  ...[
    '/cluster/',
    '/dns/',
    '/http/',
    '/api/',
    '/web/',
    '/console/',
    '/self-service/',
    '/webhooks/',
    '/letters/',
    '/lint/test-reports.ts',
    '/middleware/',
    '/notices/',
    '/pickup/',
    '/ldap/',
    '/pop3/',
    '/probe/',
    '/protection/',
    '/push/',
    '/scan/',
    '/smtp/',
    '/submission/',
    '/trail/',
  ],
  ...port,
];

/** Routes of the API use the very roads of mail and operators; only its core and its server know HTTP. */
const ofApi = [
  ...[node, domain, platform, '/config/zod.ts', '/admin/', '/auth/', '/commands/', '/crypto/', '/edi/'],
  ...['/http/', '/middleware/', '/mime/', '/notices/', '/pickup/', '/protection/', '/push/', '/scan/'],
  ...['/submission/', '/webhooks/', ...port],
];
const apiFiles = ['administration', 'core', 'directory', 'mailbox', 'messages', 'own', 'service', 'webhooks'].map(
  (name) => `../${name}/`,
);

/** What every site of pages has: one request, the frame, fields of a command, how log-ins are slowed. It knows no site. The reader of a request is the API's. */
const ofWeb = [
  ...[node, domain, platform, '/admin/', '/auth/', '/commands/', '/crypto/', '/http/'],
  ...['head', 'problem'].map((file) => `/api/core/${file}.ts`),
  ...port,
];
const webFiles = ['core', 'login', 'look', 'parts'].map((name) => `../${name}/`);

/** Pages of the console ask the command table; only its log-in speaks to the store. */
const ofConsole = [
  ...[node, domain, platform, '/config/zod.ts', '/admin/', '/auth/', '/commands/', '/crypto/', '/http/', '/web/'],
  '/cli/output.ts',
  '/letters/break-glass.ts',
  // Causes of refusals, in the words that letters have.
  ...['/notices/notice-rules.ts', '/letters/cause.ts'],
  ...port,
];
const consoleFiles = ['core', 'login', 'pages', 'parts'].map((name) => `../${name}/`);

/** Pages of accounts ask the command table too, and know nothing of the console. */
const ofSelfService = [
  ...[node, domain, platform, '/config/zod.ts', '/admin/', '/auth/', '/ca/enrol/', '/crypto/', '/http/', '/web/'],
  ...['/notices/sent-status.ts', '/letters/', ...port],
];
const selfServiceFiles = ['codes', 'core', 'login', 'pages', 'parts', 'setup'].map((name) => `../${name}/`);

const syntax = [
  { selector: 'TSEnumDeclaration', message: 'Enums are not erasable; use a union of strings.' },
  { selector: 'ExportDefaultDeclaration', message: 'Named exports only.' },
];
/** Of a connection that is gone Node answers some of these by ending the process. */
const noTlsQuestion = {
  selector: 'CallExpression[callee.property.name=/^(getProtocol|getCipher|getPeerCertificate|exportKeyingMaterial)$/]',
  message: 'TLS is asked by tlsLine(), shownChain() or tlsExporter() of platform/, which know when it may be.',
};
const noConcat = {
  selector: "CallExpression[callee.object.name='Buffer'][callee.property.name='concat']",
  message: 'Buffer.concat of a body costs its size in memory; use joinSmall() of platform/bytes.ts, which has a limit.',
};

/**
 * A change is a generator: called and left lying it does nothing, and the compiler says nothing. Its call must be handed on: to `yield*`, to whoever
 * called, or to a runner.
 */
const changesAreRun = {
  meta: {
    type: 'problem',
    schema: [],
    messages: { left: 'This change is never run: write "yield* ..." (or return it, or hand it to a runner).' },
  },
  create(context) {
    const { getTypeAtLocation, program } = context.sourceCode.parserServices;
    const isChange = (type) =>
      type.getSymbol()?.name === 'Generator' &&
      program.getTypeChecker().getTypeArguments(type)[0]?.aliasSymbol?.name === 'Step';
    const check = (node) => {
      const { parent } = node;
      const handedOn =
        (parent.type === 'YieldExpression' && parent.delegate) ||
        parent.type === 'ReturnStatement' ||
        (parent.type === 'ArrowFunctionExpression' && parent.body === node) ||
        (parent.type === 'CallExpression' && parent.arguments.includes(node));
      if (!handedOn && isChange(getTypeAtLocation(node))) context.report({ node, messageId: 'left' });
    };
    return { CallExpression: check, TaggedTemplateExpression: check };
  },
};

/**
 * To work out the types of tests is most of what the linter costs, and the compiler has judged them. So at a merge tests are read without. What then passes is a promise
 * that a test does not await: where it fails after the test has ended, the runner ends its file with an error all the same. Before a release tests are read with types
 * (test/long/lint).
 */
const isRelease = process.env.SLUIS_TEST_EFFORT === 'release';
const typesOf = isRelease ? { projectService: true } : { project: ['scripts/tsconfig.lint.json'] };
const untyped = tseslint.configs.disableTypeChecked;

export default tseslint.config(
  { ignores: ['node_modules/', 'certs-dev/', 'src/**/*.js'] },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { ...typesOf, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/consistent-type-definitions': ['error', 'interface'],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/prefer-nullish-coalescing': ['error', { ignorePrimitives: { string: true } }],
      '@typescript-eslint/unified-signatures': 'off',
      // Enums are refused by the compiler (erasableSyntaxOnly); to look for them at each assignment was a tenth of the time of all rules.
      '@typescript-eslint/no-unsafe-enum-assignment': 'off',
      'no-restricted-syntax': ['error', ...syntax],
      'no-console': 'error',
      eqeqeq: 'error',
      // winston's declarations type its own Stream transport as unrelated to TransportStream.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
    },
  },
  { files: ['src/**/*.ts'], rules: { 'no-restricted-syntax': ['error', ...syntax, noTlsQuestion] } },
  {
    // A message body in one Buffer is 50 MB of memory a session: bodies travel as slices (`Content`, `BodyWriter`).
    files: [
      'src/{api,smtp,ldap,submission,scan,middleware,notices,protection,push,pop3,pickup,store,mime,edi,platform,crypto,webhooks}/**/*.ts',
    ],
    rules: {
      'no-restricted-syntax': ['error', ...syntax, noTlsQuestion, noConcat],
    },
  },
  {
    files: ['src/platform/{channel-binding,client-certificate,tls-line,tls-probe}.ts'],
    rules: { 'no-restricted-syntax': ['error', ...syntax, noConcat] },
  },
  {
    files: ['src/store/**/*.ts'],
    plugins: { store: { rules: { 'changes-are-run': changesAreRun } } },
    rules: { 'store/changes-are-run': 'error' },
  },
  {
    // A statement of SQLite's own code runs where it stands.
    files: ['src/store/sqlite/**/*.ts'],
    rules: { '@typescript-eslint/no-unused-expressions': ['error', { allowTaggedTemplates: true }] },
  },
  {
    files: ['src/store/sqlite/**/*.ts'],
    ignores: ['src/store/sqlite/statements.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        ...[...syntax, noConcat],
        ...[
          "PropertyDefinition TSQualifiedName[right.name='Statement']",
          "PropertyDefinition CallExpression[callee.property.name='prepare']",
          "AssignmentExpression[left.object.type='ThisExpression'] CallExpression[callee.property.name='prepare']",
        ].map((selector) => ({
          selector,
          message: 'A statement stands where it is used: this.#sql.first`SELECT ...` (store/sqlite/statements.ts).',
        })),
      ],
    },
  },
  {
    // A runner never throws into a change: on PostgreSQL its transaction is lost by then. So nothing may be built on catching an error there.
    files: ['src/store/{changes,reads}/**/*.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        ...[...syntax, noConcat],
        { selector: 'YieldExpression[delegate=false]', message: 'Its answer would have no type; use yield*.' },
        {
          selector: 'TryStatement YieldExpression',
          message: 'An error of the engine ends a change where it stands: neither catch nor finally would run.',
        },
        {
          selector: 'AwaitExpression',
          message:
            'Nothing may come between a check and the write that relies on it: what a change waits for goes in before.',
        },
      ],
    },
  },
  {
    files: ['test/**/*.ts', 'bench/**/*.ts'],
    rules: {
      '@typescript-eslint/no-floating-promises': [
        'error',
        {
          allowForKnownSafeCalls: [
            { from: 'package', name: ['test', 'it', 'describe', 'suite'], package: 'node:test' },
          ],
        },
      ],
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/require-await': 'off',
      'no-console': 'off',
    },
  },
  ...(isRelease
    ? []
    : // A comment that takes back a rule with types stays for the release.
      [
        {
          files: ['test/**/*.ts', 'bench/**/*.ts'],
          linterOptions: { reportUnusedDisableDirectives: 'off' },
          ...untyped,
        },
      ]),
  {
    // What is printed beside Terminal is not made visible: text of strangers would reach the terminal of the operator as it is.
    files: ['src/**/*.ts'],
    ignores: ['src/main.ts', 'src/cli/terminal.ts', 'src/cli/progress.ts', 'src/platform/log.ts'],
    rules: {
      'no-restricted-properties': [
        'error',
        ...['stdout', 'stderr'].map((property) => ({
          object: 'process',
          property,
          message: 'Print with Terminal of cli/terminal.ts, which makes text of strangers visible.',
        })),
      ],
    },
  },
  {
    files: ['**/*.{js,mjs}'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        URL: 'readonly',
        Buffer: 'readonly',
        performance: 'readonly',
        setTimeout: 'readonly',
        clearTimeout: 'readonly',
        setInterval: 'readonly',
        clearInterval: 'readonly',
      },
    },
  },
  { files: ['src/**/*.ts'], plugins: { layers }, rules: { 'layers/properties': 'error' } },
  {
    files: ['src/**/*.ts'],
    ignores: [...core, ...alsoKeys].map(pattern),
    plugins: { layers },
    rules: { 'layers/keys': 'error' },
  },
  layer('domain', []),
  layer('domain/log-events', []),
  layer('domain/data-kinds', []),
  layer(
    'domain/settings',
    ['edi-kinds', 'octets-text', 'registry', 'result', 'telephone', 'units', 'working-days'].map((f) => `../${f}.ts`),
  ),
  layer('platform', [node, domain, 'winston']),
  layer('mime', [node, domain, platform]),
  layer('edi', [node, domain, '/platform/octet-finder.ts']),
  layer('crypto/certificates', [node, domain, platform], '../../'),
  layer('crypto/keys', [node, domain, platform, '../certificates/'], '../../'),
  layer('crypto/passwords', [node, domain, platform, '../keys/', '@node-rs/'], '../../'),
  layer('crypto/cms', [node, domain, platform, '../certificates/'], '../../'),
  layer('crypto/smime', [node, domain, platform, '/mime/', '../certificates/', '../cms/'], '../../'),
  layer('crypto/pgp', [node, domain, platform, '/mime/', '../smime/', 'openpgp'], '../../'),
  layer('crypto/key-files', [node, domain, platform, '../certificates/', '../cms/'], '../../'),
  layer('crypto/trail', [node, domain, platform, '../certificates/', '../cms/', '../keys/'], '../../'),
  layer('crypto/dkim', [node, domain, platform, '/mime/'], '../../'),
  layer('config', [node, domain, platform, 'zod', 'smol-toml']),
  layer('config/fields', [node, domain, platform, '../units.ts', '../zod.ts'], '../../'),
  layer('config/sections', [domain, '../fields/', '../zod.ts'], '../../'),
  layer('store', [domain, './']),
  layer('store/sql', [domain], '../../'),
  layer('store/port', [...recordFiles.map((f) => `../${f}`), domain, '../sql/', '../changes/', '../reads/'], '../../'),
  layer('store/reads', [...recordFiles.map((f) => `../${f}`), domain, platform, '/crypto/', '../sql/'], '../../'),
  layer(
    'store/changes',
    [node, ...recordFiles.map((f) => `../${f}`), domain, platform, '/crypto/', '../sql/', '../reads/'],
    '../../',
  ),
  // What the gateway's own thread does for every engine; it knows none of them.
  layer(
    'store/core',
    [node, ...recordFiles.map((f) => `../${f}`), domain, platform, '/crypto/', ...storeParts],
    '../../',
  ),
  ...[
    ['sqlite', 'better-sqlite3'],
    ['postgres', 'pg'],
  ].map(([engine, driver]) =>
    layer(
      `store/${engine}`,
      [
        ...[node, ...recordFiles.map((f) => `../${f}`), ...[domain, platform, '/crypto/'], driver],
        ...['../core/', ...storeParts],
      ],
      '../../',
    ),
  ),
  // The one part that knows two engines.
  layer(
    'store/move',
    [
      node,
      ...recordFiles.map((f) => `../${f}`),
      domain,
      platform,
      '/crypto/',
      '../changes/',
      '../sqlite/',
      '../postgres/',
    ],
    '../../',
  ),
  layer('auth', [node, domain, platform, '/crypto/', ...port]),
  layer('dns', [node, domain, platform, '/crypto/', '/push/courier.ts', 'dns-packet']),
  layer('middleware', [node, domain, platform, '/mime/', '/edi/', '/crypto/smime/', ...port]),
  layer('protection', [node, domain, platform, '/mime/', '/crypto/', '/middleware/', ...port]),
  layer('scan', [node, domain, platform, '/mime/', '/edi/', '/crypto/smime/', '/middleware/', '/protection/', ...port]),
  layer('submission', [node, domain, platform, '/mime/', '/edi/', '/middleware/', ...port]),
  layer('pickup', [node, domain, platform, '/mime/', ...port]),
  layer('letters', [domain, '/mime/text.ts', '/crypto/']),
  layer('notices', [node, domain, platform, '/mime/', '/edi/', '/crypto/', '/letters/', ...port]),
  layer('push', [node, domain, platform, '/mime/', '/crypto/dkim/', '/notices/', ...port]),
  layer('lint', [node, domain, platform, '/mime/', '/letters/letter.ts', 'mailparser']),
  layer('backup', [node, domain, platform, '/crypto/', ...port]),
  layer('trail', [node, domain, platform, '/mime/', '/crypto/', ...port]),
  layer('ca', [node, domain, platform, '/crypto/', ...port]),
  layer(
    'ca/enrol',
    [node, domain, platform, '/crypto/', '/auth/', '../enrol.ts', '../parts.ts', '/letters/letter.ts', ...port],
    '../../',
  ),
  layer('cluster', [node, domain, platform, '/crypto/']),
  layer('cluster/channel', [node, domain, platform, '/config/zod.ts'], '../../'),
  layer('takeover', [node, domain, platform, '/mime/', '/edi/', ...port]),
  layer('takeover/source', [node, domain, platform], '../../'),
  layer('admin', [
    node,
    domain,
    platform,
    // What operations answer is said in zod, for the rows that show it.
    '/config/zod.ts',
    '/crypto/',
    '/auth/',
    '/backup/',
    '/ca/',
    '/cluster/',
    '/letters/',
    '/middleware/',
    '/notices/',
    '/protection/',
    '/push/',
    '/scan/',
    '/takeover/',
    '/trail/',
    '/webhooks/',
    // What a subject shows, where an export shows it too.
    '/commands/',
    ...port,
  ]),
  layer('commands', ofCommands),
  layer('commands/*', [...ofCommands, ...commandFiles], '../../'),
  layer(
    'commands/core',
    [
      ...[domain, '/admin/', ...['schema', 'units', 'zod'].map((f) => `/config/${f}.ts`)],
      '/platform/network.ts',
      // Many accounts at once are looked up by one function.
      '/store/registry.ts',
      '/ca/revocation-lists.ts',
      ...['command-tree', 'exit-codes', 'options', 'output', 'terminal'].map((f) => `/cli/${f}.ts`),
    ],
    '../../',
  ),
  layer('smtp', [
    node,
    domain,
    platform,
    '/mime/',
    '/auth/',
    '/submission/',
    '/push/courier.ts',
    ...['smtp-server', 'nodemailer/'],
  ]),
  layer('probe', [node, domain]),
  // A bench in front of a gateway that it did not make: it sees lines, as any peer does.
  layer('sandbox', [
    ...[node, domain, platform, '/crypto/', '/push/courier.ts', '/smtp/partner-connection.ts', './scenarios/'],
  ]),
  layer(
    'sandbox/scenarios',
    [...['facts', 'judge-fetch', 'judge-send', 'mails', 'scenario'].map((f) => `../${f}.ts`)],
    '../../',
  ),
  layer('pop3', [node, domain, platform, '/auth/', '/pickup/']),
  layer('ldap', [
    ...[node, domain, platform, '/auth/', ...['ber', 'ber-values', 'der'].map((f) => `/crypto/certificates/${f}.ts`)],
    ...['/admin/directory.ts', '/submission/limits.ts', '/submission/size-limits.ts', ...port],
  ]),
  layer('http', [node, domain, platform, ...port, 'prom-client']),
  layer('webhooks', [node, domain, platform, '/config/zod.ts', '/crypto/', '/notices/', '/push/', ...port]),
  layer('api', ofApi),
  layer('api/*', [...ofApi, ...apiFiles], '../../'),
  layer('web', [...ofWeb, ...webFiles.map((folder) => folder.slice(1))]),
  layer('web/*', [...ofWeb, ...webFiles], '../../'),
  layer('console', ofConsole),
  layer('console/*', [...ofConsole, ...consoleFiles], '../../'),
  // The one file that judges passkeys.
  layer('console/login', [...ofConsole, ...consoleFiles, '@simplewebauthn/server'], '../../', 'passkeys'),
  // The one file that knows the OpenID provider.
  layer('console/login', [...ofConsole, ...consoleFiles, 'openid-client'], '../../', 'provider'),
  layer('self-service', ofSelfService),
  layer('self-service/*', [...ofSelfService, ...selfServiceFiles], '../../'),
  layer('pages', [
    node,
    domain,
    '/config/',
    '/cli/exit-codes.ts',
    '/http/metric.ts',
    '/api/table.ts',
    '/api/core/',
    '/smtp/',
    '/pop3/',
    '/submission/',
    '/middleware/',
    '/protection/',
    '/scan/',
    '/crypto/',
  ]),
  layer('cli/command-notes', ['/config/section-notes/notes.ts'], '../../'),
  layer('config/section-notes', []),
  layer('cli', [
    node,
    domain,
    platform,
    '/config/',
    '/crypto/',
    '/admin/',
    '/commands/',
    '/auth/',
    '/backup/',
    '/ca/',
    '/cluster/check.ts',
    ...['causes', 'cell'].map((f) => `/pages/${f}.ts`),
    '/takeover/',
    '/trail/',
    '/gateway.ts',
    ...['admin', 'backup', 'postgres-check', 'store', 'stopped-store'].map((f) => `/gateway/${f}.ts`),
    '/gateway/own-records.ts',
    ...['checks', 'dane', 'listeners', 'mail-test', 'mail-test-facts', 'records', 'report', 'scan', 'setup'].map(
      (f) => `/gateway/doctor-${f}.ts`,
    ),
    ...port,
    'commander',
  ]),
  // The parts of the gateway know every folder below the command line, but not the file that connects them.
  layer('gateway', belowGateway),
  layer('gateway', [...belowGateway, '/store/sqlite/'], '../', '{backup,store,store-finding}'),
  // What is done to a store that nobody serves, whichever engine it is on.
  layer(
    'gateway',
    [...belowGateway, ...['sqlite/', 'core/rotation.ts', 'postgres/rotate.ts'].map((f) => `/store/${f}`)],
    '../',
    'stopped-store',
  ),
  layer('gateway', [...belowGateway, '/store/move/'], '../', 'moved-store'),
  layer(
    'gateway',
    // The lock of a data folder is a file of SQLite's, on either engine.
    [...belowGateway, ...['postgres/', 'core/options.ts', 'sqlite/folder-lock.ts'].map((f) => `/store/${f}`)],
    '../',
    '{postgres,postgres-backups,postgres-check,postgres-health,postgres-join,postgres-sites,postgres-store}',
  ),
);
