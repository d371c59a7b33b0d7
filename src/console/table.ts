/** Every page of the console, by area. */
import type { Page } from './core/page.ts';
import { breakGlassPages } from './login/break-glass-pages.ts';
import { federatedPages } from './login/federated-pages.ts';
import { logInPages } from './login/pages.ts';
import { filePages } from './look/files.ts';
import { account } from './pages/account.ts';
import { deedPages } from './pages/deeds.ts';
import { message } from './pages/message.ts';
import { organisation } from './pages/organisation.ts';
import { search } from './pages/search.ts';
import { style } from './pages/style.ts';
import { today } from './pages/today.ts';

export const CONSOLE_PAGES: readonly Page[] = [
  ...filePages,
  ...logInPages,
  ...federatedPages,
  ...breakGlassPages,
  today,
  search,
  account,
  ...deedPages,
  organisation,
  message,
  style,
];
