/** Every page on which accounts help themselves, by area. */
import { filePages } from '../web/look/files.ts';
import { codePages } from './codes/pages.ts';
import type { Page } from './core/page.ts';
import { logInPages } from './login/pages.ts';
import { absencePages } from './pages/absence.ts';
import { directory } from './pages/directory.ts';
import { home } from './pages/home.ts';
import { messagePages } from './pages/messages.ts';
import { organisation } from './pages/organisation.ts';
import { passwordPages } from './pages/passwords.ts';
import { programPages } from './pages/program.ts';

export const SELF_SERVICE_PAGES: readonly Page[] = [
  ...filePages,
  ...logInPages,
  ...codePages({ password: '/code', certificate: '/code/certificate', root: '', logIn: '/login' }),
  home,
  ...messagePages,
  ...passwordPages,
  ...absencePages,
  directory,
  ...programPages,
  organisation,
];
