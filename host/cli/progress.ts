// How far a long step is, on stderr: a bar where that is a terminal, else a line at the beginning and at each quarter.
import cliProgress from "cli-progress";
import { type Output, writeLine } from "./io.js";

/** One step's progress. */
export interface Progress {
  /** @param done - units done so far, 0..total */
  update(done: number): void;
  /** Ends the display, whether all is done or not. */
  stop(): void;
}

/**
 * @param title - what is being done: "loads 564,579 IPv4 routes"
 * @param total - units in all
 */
export function startProgress(stderr: Output, title: string, total: number): Progress {
  return stderr.isTTY ? startBar(stderr, title, total) : startLines(stderr, title, total);
}

function startBar(stderr: Output, title: string, total: number): Progress {
  const bar = new cliProgress.SingleBar({
    format: `${title} [{bar}] {percentage}%`,
    stream: stderr,
    hideCursor: true,
    barCompleteChar: "#",
    barIncompleteChar: " ",
  });
  bar.start(total, 0);
  return { update: (done) => bar.update(done), stop: () => bar.stop() };
}

function startLines(stderr: Output, title: string, total: number): Progress {
  writeLine(stderr, title);
  let quarter = 0;
  return {
    update(done) {
      const reached = Math.floor((4 * done) / total);
      if (reached > quarter) writeLine(stderr, `  ${25 * reached}%`);
      quarter = Math.max(quarter, reached);
    },
    stop: () => undefined,
  };
}
