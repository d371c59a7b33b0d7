/** One throw-away CA and server certificate for the test process. */
import {
  type DevelopmentCertificates,
  makeDevelopmentCertificates,
} from '../../src/crypto/certificates/development-ca.ts';
import { systemClock } from '../../src/platform/clock.ts';

let made: Promise<DevelopmentCertificates> | undefined;

export const testCertificates = (): Promise<DevelopmentCertificates> =>
  (made ??= makeDevelopmentCertificates(['mail.test', 'localhost', '127.0.0.1'], systemClock.now()));
