/**
 * Answers of one commit that leave in one turn of the event loop. What follows an answer may take
 * its time (the next message is read, hashed and sealed): sockets and timers get their turn between
 * a few of them.
 */
export const ANSWERS_IN_A_TURN = 8;
