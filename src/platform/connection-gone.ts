/** The peer has gone, or was cut off; nothing more can be sent. */
export class ConnectionGone extends Error {
  override readonly name = 'ConnectionGone';
}
