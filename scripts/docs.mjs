// Writes docs/configuration.md from the schema of the configuration, and the table of settings in docs/operations.md. Run "npm run docs".
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeReference, writeSettings } from '../dist/src/config/markdown.js';

const docs = join(dirname(fileURLToPath(import.meta.url)), '..', 'docs');
writeFileSync(join(docs, 'configuration.md'), writeReference());
writeFileSync(join(docs, 'operations.md'), writeSettings(readFileSync(join(docs, 'operations.md'), 'utf8')));
