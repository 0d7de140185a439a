// The port ids that sockets get which do not ask for one (net/netlink/af_netlink.c, netlink_autobind; linux-compat E2.9).

/** Where Linux begins when the process id is taken, and how many there are. */
const FIRST = 0x80000000;
const SPAN = 0x7ffff000;
const TRIES = 16;

export class PortSource {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0 || 1;
  }

  save(): number {
    return this.#state;
  }

  load(state: number): void {
    this.#state = state;
  }

  /** In order of trying: the process id, then some at random. */
  *candidates(pid: number): Generator<number> {
    yield pid;
    for (let i = 0; i < TRIES; i++) yield FIRST + (this.#random() % SPAN);
  }

  /** xorshift32: the choice is the run's, not the machine's. */
  #random(): number {
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#state = state >>> 0;
    return this.#state;
  }
}
