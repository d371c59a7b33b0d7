/** zod, as the configuration and the commands use it. */
import { z } from 'zod';

// A configuration is read once a process: the code that zod generates to read many values quickly
// would cost 5 to 10 ms of every command.
z.config({ jitless: true });

export { z };
