/** Routes of messages that an account sends. */
import type { Route } from '../core/route.ts';
import { getMessage } from './get.ts';
import { listMessages } from './list.ts';
import { sendMessageRoute } from './post.ts';

export const messageRoutes: readonly Route[] = [sendMessageRoute, listMessages, getMessage];
