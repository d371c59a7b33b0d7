/**
 * The published linter of the Dutch government's REST API Design Rules judges the OpenAPI document:
 * no errors, no warnings. It comes with 200 MB of packages, from a lock file of its own; its rules
 * belong to others, so there is no copy of them here: SLUIS_ADR_LINTER says where they are.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '..', '..');
const rules = process.env.SLUIS_ADR_LINTER ?? join(root, '..', 'shared', 'adr', 'linter.yaml');
const tools = join(root, 'test', 'tools');
const spectral = join(tools, 'node_modules', '.bin', 'spectral');

function remarks(document: unknown): readonly { readonly code: string; readonly message: string }[] {
  const folder = mkdtempSync(join(tmpdir(), 'sluis-rules-'));
  try {
    const file = join(folder, 'openapi.json');
    writeFileSync(file, JSON.stringify(document));
    const { status, stdout, stderr } = spawnSync(spectral, ['lint', '-F', 'hint', '-f', 'json', '-r', rules, file], {
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
    });
    assert.ok(status === 0 || status === 1, `${status} ${stderr}`);
    return JSON.parse(stdout.slice(stdout.indexOf('['), stdout.lastIndexOf(']') + 1)) as ReturnType<typeof remarks>;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test('the linter of the design rules finds nothing in the document, and what is broken in it', (t) => {
  if (!existsSync(rules)) {
    const line = `the rules of the API design linter are not at ${rules}; set SLUIS_ADR_LINTER`;
    console.error(`\n*** SKIPPED: ${line} ***\n`);
    return t.skip(line);
  }
  if (!existsSync(spectral)) {
    const npm = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--prefix', tools], {
      encoding: 'utf8',
    });
    assert.equal(npm.status, 0, npm.stderr);
  }
  // What a gateway serves has the same operations and schemas (test/api/document).
  const document = JSON.parse(readFileSync(join(root, 'test', 'golden', 'openapi.json'), 'utf8')) as {
    readonly info: object;
  };
  assert.deepEqual(remarks(document), []);
  const codes = remarks({ ...document, info: { ...document.info, contact: {}, version: '1' } }).map(({ code }) => code);
  assert.ok(codes.includes('nlgov:semver') && codes.includes('nlgov:info-contact-fields-exist'), codes.join(' '));
});
