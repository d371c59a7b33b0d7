/** What a command reads and writes besides the gateway: the terminal of a person, or what a test gives in its place. */
export interface Terminal {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** What standard input holds; absent: the process's own. */
  readonly input?: string;
  /** How the command ended; see exit.ts. */
  code: number;
}

export const processTerminal = (): Terminal => ({
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  code: 0,
});
