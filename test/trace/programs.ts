// A run of Linux programs on a kernel that records: what real programs once sent, on sockets that are opened, set, read and
// closed at random, while others change the kernel behind their back.
import { type EventSink, Kernel, NetlinkError, type Vnet } from "../../host/kernel/kernel.js";
import { LinuxAbi, LinuxError, type Mode, type ProgramSocket, StrictSocket } from "../../host/linux/abi.js";
import { Random } from "../../host/table/random.js";
import { readRuns, readSetup } from "../linux/traffic/recorded.js";

const SOCKETS_MAX = 6;
const NETLINK_ROUTE = 0;
/** Uevents and generic netlink. */
const RARE_PROTOCOLS = [15, 16];
/** CTRL_CMD_GETFAMILY with NLM_F_DUMP, for all families. */
const FAMILIES = Uint8Array.of(20, 0, 0, 0, 16, 0, 1, 3, 1, 0, 0, 0, 0, 0, 0, 0, 3, 2, 0, 0);
const SOL_NETLINK = 270;
const SOL_SOCKET = 1;
const SO_RCVBUF = 8;
const SO_ERROR = 4;
const ADD_MEMBERSHIP = 1;
/** Linux's groups of links, addresses, routes, rules, nexthops. */
const GROUPS = [1, 3, 5, 7, 8, 9, 11, 19, 32];
const OPTIONS = [3, 9, 10, 11, 12];
const SIOCGIFCONF = 0x8912;
const SIOCGIFFLAGS = 0x8913;
const MSG_PEEK = 2;

let requests: readonly Uint8Array[] | undefined;

/** Everything that the recorded programs sent, changes first. */
function recordedRequests(): readonly Uint8Array[] {
  requests ??= [
    ...readSetup("iproute2-a"),
    ...readRuns("iproute2-a").flatMap(({ sent }) => sent.map(({ bytes }) => bytes)),
    ...readRuns("clients").flatMap(({ sent }) => sent.map(({ bytes }) => bytes)),
  ];
  return requests;
}

export interface ProgramRunOptions {
  readonly seed: number;
  readonly mode: Mode;
  readonly events?: EventSink | undefined;
  readonly record?: boolean;
  /** A kernel that is there already, and its layer. Default: a new one. */
  readonly on?: { readonly kernel: Kernel; readonly abi: LinuxAbi };
}

/** Where a run is, besides its kernel. */
export interface Place {
  readonly seed: number;
  readonly opened: number;
  /** Numbers of the open sockets. */
  readonly sockets: readonly number[];
}

export class ProgramRun {
  readonly kernel: Kernel;
  /** What programs received, and what they were refused with. */
  readonly outputs: string[] = [];
  readonly #abi: LinuxAbi;
  #random: Random;
  readonly #mode: Mode;
  readonly #sockets: ProgramSocket[] = [];
  #opened = 0;

  constructor({ seed, mode, events, record = false, on }: ProgramRunOptions) {
    this.#random = new Random(seed);
    this.#mode = mode;
    this.kernel = on?.kernel ?? bootOne(seed, record, events);
    this.#abi = on?.abi ?? new LinuxAbi(this.kernel, { mode, seed });
  }

  /** Where it is. From here on it goes another way than before the call, but each time the same. */
  place(): Place {
    const place = {
      seed: this.#random.next(),
      opened: this.#opened,
      sockets: this.#sockets.map(({ number }) => number),
    };
    this.#random = new Random(place.seed);
    return place;
  }

  /** Goes on from a place. The kernel is as it was then. */
  goTo({ seed, opened, sockets }: Place): void {
    this.#random = new Random(seed);
    this.#opened = opened;
    const found = sockets.map((number) => this.#abi.socketByNumber(number) as ProgramSocket);
    this.#sockets.splice(0, this.#sockets.length, ...found);
  }

  /** The same programs on another kernel. */
  on(kernel: Kernel, abi: LinuxAbi): ProgramRun {
    return new ProgramRun({ seed: 0, mode: this.#mode, events: undefined, on: { kernel, abi } });
  }

  play(calls: number): this {
    for (let n = 0; n < calls; n++) this.#one();
    return this;
  }

  #one(): void {
    try {
      const output = this.#call();
      if (output !== undefined) this.outputs.push(output);
    } catch (error) {
      if (!(error instanceof LinuxError) && !(error instanceof NetlinkError)) throw error;
      this.outputs.push(error.message);
    }
  }

  #below(limit: number): number {
    return this.#random.next() % limit;
  }

  #pick<T>(values: readonly T[]): T {
    return values[this.#below(values.length)] as T;
  }

  get #vnet(): Vnet {
    return this.#below(4) === 0 ? this.#pick(this.kernel.vnets) : this.kernel.vnet0;
  }

  #call(): string | undefined {
    const what = this.#below(20);
    if (this.#sockets.length === 0 || (what === 0 && this.#sockets.length < SOCKETS_MAX)) return this.#open();
    const socket = this.#pick(this.#sockets);
    if (what < 8) return this.#send(socket);
    if (what < 14) return this.#receive(socket);
    switch (what) {
      case 14:
        socket.setsockopt(SOL_NETLINK, this.#pick(OPTIONS), word(this.#below(2)));
        return undefined;
      case 15:
        if (this.#below(3) === 0) socket.setsockopt(SOL_SOCKET, SO_RCVBUF, word(2304));
        else socket.setsockopt(SOL_NETLINK, ADD_MEMBERSHIP, word(this.#pick(GROUPS)));
        return undefined;
      case 16:
        return String(socket.getsockopt(SOL_SOCKET, SO_ERROR, 4));
      case 17:
        return this.#elsewhere();
      case 18: {
        const request = this.#pick([SIOCGIFCONF, SIOCGIFFLAGS]);
        return hex(this.#abi.interfaceIoctl(this.#vnet, request, ifreq("eth0")));
      }
      default:
        if (this.#below(3) === 0) this.#sockets.splice(this.#sockets.indexOf(socket), 1)[0]?.close();
        return undefined;
    }
  }

  #open(): undefined {
    const protocol = RARE_PROTOCOLS[this.#below(12)] ?? NETLINK_ROUTE;
    const options = { type: 3, protocol, pid: 100 + this.#below(4), isPrivileged: true };
    this.#opened++;
    this.#sockets.push(this.#abi.socket(this.#vnet, options));
    if (this.#opened % 2 === 0) this.#sockets.at(-1)?.bind(0, this.#below(0x800));
    return undefined;
  }

  #send(socket: ProgramSocket): undefined {
    // A buffer of the program's, which it uses for something else afterwards.
    const bytes = this.#below(20) === 0 ? FAMILIES.slice() : this.#pick(recordedRequests()).slice();
    socket.send(bytes);
    bytes.fill(0xaa);
    return undefined;
  }

  #receive(socket: ProgramSocket): string {
    if (socket instanceof StrictSocket) {
      const flags = this.#below(4) === 0 ? MSG_PEEK : 0;
      const { result, bytes } = socket.receiveMessages({ room: this.#pick([100, 4096, 32_768]), flags, name: 12 });
      const output = `${result} ${hex(bytes)}`;
      if (this.#below(6) === 0) socket.untake();
      return output;
    }
    const datagram = socket.receive(this.#pick([1024, 8192, 32_768]));
    const output = datagram === undefined ? "nothing" : `${datagram.group} ${hex(datagram.bytes)}`;
    if (datagram !== undefined && this.#below(3) > 0) socket.taken(datagram.bytes.length);
    return output;
  }

  /** What happens besides. */
  #elsewhere(): string | undefined {
    const { kernel } = this;
    switch (this.#below(6)) {
      case 0:
        kernel.advance(this.#below(5000));
        return undefined;
      case 1:
        kernel.vnet0.interfaceAttach({ name: `em${3 + this.#below(40)}`, up: true });
        return undefined;
      case 2:
        kernel.vnet0.addressAdd("em1", `10.${this.#below(200)}.0.1/16`);
        return undefined;
      case 3:
        kernel.vnet0.interfaceDown("em1");
        kernel.vnet0.interfaceUp("em1");
        return undefined;
      case 4:
        this.#abi.settle();
        return undefined;
      default:
        return String(this.#sockets.map((each) => each.isReadable));
    }
  }

  /** Programs end, and their layer. */
  end(): void {
    for (const socket of this.#sockets.splice(0)) socket.close();
    this.kernel.vnetDestroy("blue");
    this.kernel.kldunload("linux_common");
    this.outputs.push(this.#mode);
  }
}

function bootOne(seed: number, record: boolean, events: EventSink | undefined): Kernel {
  const kernel = Kernel.boot(
    {
      seed,
      record,
      fibs: 4,
      modules: ["netlink"],
      interfaces: [
        { name: "em0", up: true, addresses: ["192.0.2.1/24", "2001:db8::1/64"] },
        { name: "em1", up: true },
      ],
    },
    undefined,
    events,
  );
  kernel.vnetCreate("blue", { interfaces: [{ name: "em2", up: true }] });
  return kernel;
}

function word(value: number): Uint8Array {
  return Uint8Array.of(value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0xff, value >>> 24);
}

function ifreq(name: string): Uint8Array {
  const bytes = new Uint8Array(40);
  bytes.set(new TextEncoder().encode(name));
  return bytes;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
