/**
 * The first stage of the Containerfile, carried out step by step in a folder of its own: it installs and builds everything anew, which `peers/packed` does in CI
 * for the package that others install. No image is built: CI reaches no registry of images.
 */
// @beside: it builds in its own folder.
import assert from 'node:assert/strict';
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { root } from '../peers/shell.ts';
import { argumentsOf as of, second, steps } from '../support/containerfile.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluis-container-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** As if `folder` were the root of the image. */
const inside = (path: string, base: string): string =>
  path.startsWith('/') ? join(folder, path) : join(folder, base, path);

test('its first stage, step by step, makes a program that runs', () => {
  let base = '/';
  for (const { word, rest } of steps.slice(steps.findIndex((step) => step.word === 'FROM') + 1, second)) {
    if (word === 'WORKDIR') mkdirSync(inside((base = rest), '/'), { recursive: true });
    else if (word === 'COPY') {
      const words = rest.split(' ');
      const to = words.pop() ?? '';
      for (const name of words)
        cpSync(join(root, name), words.length > 1 ? inside(join(to, name), base) : inside(to, base), {
          recursive: true,
        });
    } else if (word === 'RUN') {
      const command = rest.replaceAll(/ \/app\b/g, ` ${join(folder, 'app')}`);
      const done: SpawnSyncReturns<string> = spawnSync('sh', ['-c', command], {
        cwd: inside(base, '/'),
        encoding: 'utf8',
        // As with --build-arg: hash and seconds of a commit.
        env: { ...process.env, COMMIT: `${'0123456789abcdef'.repeat(2)}01234567 1772753400` },
      });
      assert.equal(done.status, 0, `${rest}: ${done.stderr}`);
    } else assert.match(word, /^(ENV|ARG)$/);
  }
  const [copied] = of('COPY').filter((rest) => rest.startsWith('--from=build'));
  assert.equal(copied, '--from=build /app /opt/sluis');
  const link =
    of('RUN')
      .find((rest) => rest.startsWith('ln -s '))
      ?.split(' ')[2] ?? '';
  const program = join(folder, link.replace('/opt/sluis', '/app'));
  const help = spawnSync(program, ['help', 'serve'], { encoding: 'utf8' });
  assert.match(help.stdout, /Usage: sluis serve/);
  const version = spawnSync(program, ['--version'], { encoding: 'utf8' });
  assert.match(version.stdout, /^[\d.]+\+2026-03-05\.0123456789ab\n$/);
  assert.equal(existsSync(join(folder, 'app', 'node_modules', 'typescript')), false);
});
