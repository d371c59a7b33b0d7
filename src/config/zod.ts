/** zod, as the configuration and the commands use it. */
import { z } from 'zod';

// A process reads a configuration once. The code that zod generates to read many values quickly
// would cost 5 to 10 ms of every command.
z.config({ jitless: true });

export { z };
