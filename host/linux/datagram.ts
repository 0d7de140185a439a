// What a Linux socket has to read: a queue of datagrams with Linux's accounting (af_netlink.c; linux-compat E2.2, E2.6).

/** What one receive call returns. */
export interface Datagram {
  /** Whole messages. */
  readonly bytes: Uint8Array;
  /** nl_pid of the sender: the kernel, 0. */
  readonly port: number;
  /** nl_groups of the sender's address: the bit of the group it was sent to, of groups 1 … 32. */
  readonly groups: number;
  /** The group it was sent to, 0 for a reply. */
  readonly group: number;
}

interface Queued extends Datagram {
  readonly isOfDump: boolean;
}

/** What a datagram takes of the receive limit besides its bytes, as Linux's sk_buff does. */
const OVERHEAD = 256;

/** Bytes a datagram counts against the limit. */
function charge(length: number): number {
  return ((length + OVERHEAD - 1) & -OVERHEAD) + OVERHEAD;
}

/** A queue as plain data, besides its limit. */
export interface ReceiveQueueState {
  readonly datagrams: readonly Queued[];
  readonly charged: number;
  readonly ahead: readonly { readonly length: number; readonly charge: number }[];
  readonly aheadTaken: number;
}

export class ReceiveQueue {
  /** Bytes that may be queued, as getsockopt(SO_RCVBUF) tells: twice what was set. */
  limit: number;
  readonly #datagrams: Queued[] = [];
  /** Index of the first one that is still queued. */
  #head = 0;
  /** Charges of what is queued and of what was handed out and not yet taken. */
  #charged = 0;
  /** Lengths of datagrams that were handed out ahead of the program's reading, and what each is still charged with. */
  readonly #ahead: { readonly length: number; readonly charge: number }[] = [];
  #aheadTaken = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  save(): ReceiveQueueState {
    const datagrams = this.#datagrams.slice(this.#head);
    return { datagrams, charged: this.#charged, ahead: this.#ahead, aheadTaken: this.#aheadTaken };
  }

  load({ datagrams, charged, ahead, aheadTaken }: ReceiveQueueState): void {
    this.#head = 0;
    this.#datagrams.splice(0, this.#datagrams.length, ...datagrams);
    this.#charged = charged;
    this.#ahead.splice(0, this.#ahead.length, ...ahead);
    this.#aheadTaken = aheadTaken;
  }

  get isEmpty(): boolean {
    return this.#head === this.#datagrams.length;
  }

  /** Bytes charged. */
  get charged(): number {
    return this.#charged;
  }

  /** Whether the next part of a dump may be made: Linux makes it while the queue is at most half full. */
  get hasRoomForDump(): boolean {
    return this.#charged <= this.limit / 2;
  }

  /** Whether a notification still fits. */
  fits(length: number): boolean {
    return this.#charged + charge(length) <= this.limit;
  }

  push(bytes: Uint8Array, group = 0, isOfDump = false): void {
    const groups = group > 0 && group <= 32 ? (1 << (group - 1)) >>> 0 : 0;
    this.#charged += charge(bytes.length);
    this.#datagrams.push({ bytes, port: 0, groups, group, isOfDump });
  }

  /**
   * Takes the first one off. It stays charged until `taken` has counted its bytes; but not a part of a dump, which Linux
   * makes only when it is received: however far somebody reads ahead, it takes no room of what comes meanwhile.
   */
  shift(): Datagram | undefined {
    const datagram = this.#datagrams[this.#head];
    if (datagram === undefined) return undefined;
    this.#head++;
    if (this.#head === this.#datagrams.length) {
      this.#datagrams.length = 0;
      this.#head = 0;
    } else if (this.#head > 1024) {
      this.#datagrams.splice(0, this.#head);
      this.#head = 0;
    }
    const { length } = datagram.bytes;
    if (datagram.isOfDump) this.#charged -= charge(length);
    this.#ahead.push({ length, charge: datagram.isOfDump ? 0 : charge(length) });
    return datagram;
  }

  /** The program has bytes of what was handed out, in order. */
  taken(bytes: number): void {
    this.#aheadTaken += bytes;
    for (let first = this.#ahead[0]; first !== undefined && this.#aheadTaken >= first.length; first = this.#ahead[0]) {
      this.#ahead.shift();
      this.#aheadTaken -= first.length;
      this.#charged -= first.charge;
    }
    if (this.#ahead.length === 0) this.#aheadTaken = 0;
  }
}
