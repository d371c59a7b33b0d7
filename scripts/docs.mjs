// Writes docs/configuration.md from the schema of the configuration. Run "npm run docs".
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeReference } from '../dist/src/config/markdown.js';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
writeFileSync(join(root, 'docs', 'configuration.md'), writeReference());
