// Sends what programs sent on Linux to the Linux layer of an emulated kernel, with the options and port ids of the run, and
// compares the kinds of the answers with Linux's.

import { NETLINK, NETLINK_OPTION, SOCK } from "../../../assembly/abi/netlink.js";
import { Kernel, type Vnet } from "../../kernel/kernel.js";
import { LinuxAbi, LinuxError, type ProgramSocket } from "../../linux/abi.js";
import { LinuxSO, LinuxSOL } from "../../linux/number.js";
import { InterfaceNames, withIndices } from "./indices.js";
import { kindsOf } from "./kinds.js";
import { type Message, messagesOf } from "./message.js";
import type { Run, Sent } from "./run.js";

/** A request whose answers are of other kinds than Linux's. */
export interface Unlike {
  /** Which request of the run, from 1. */
  readonly request: number;
  readonly linux: string;
  readonly emulated: string;
}

/** What the programs offer a receive; datagrams are not compared. */
const OFFER_BYTES = 65_536;

/** A process id that no recorded socket has. */
const OWN_PROCESS_ID = 4_000_000;

/** Tables of the programs are fibs that are free; a gateway is looked for in the route's own fib, so each has the connected networks. */
const FIBS = 16;
const SYSCTLS = { "net.inet6.ip6.dad_count": 0, "net.add_addr_allfibs": 1 };

/** What Linux answered each request of a setup. */
const DONE_WELL = "ERROR CAPPED 0";

/** Between the setup and the first program. */
const SETTLED_MILLISECONDS = 2000;

/** GETLINK, dump of all: 32 bytes, type 18, flags 0x301. */
const LINK_DUMP = new Uint8Array(32);
LINK_DUMP.set([32, 0, 0, 0, 18, 0, 1, 3]);

/** What is set of a socket before its first request. */
export interface SocketSetting {
  /** [level, name, value] */
  readonly options: readonly (readonly [number, number, number])[];
  /** The mask of bind. */
  readonly groups: number;
  /** Groups joined by NETLINK_ADD_MEMBERSHIP. */
  readonly memberships: readonly number[];
}

/** What a recording does not say, and somebody knows. */
export interface RunNotes {
  /** By the number of the socket. */
  readonly sockets?: readonly SocketSetting[] | undefined;
  /** What others did to the kernel before a request, counted from 1. Indices are the recording's. */
  readonly meanwhile?: readonly { readonly before: number; readonly request: Uint8Array }[] | undefined;
}

export class Emulation {
  readonly #kernel: Kernel;
  readonly #abi: LinuxAbi;
  readonly #vnet: Vnet;
  /** Names of the recorded run's indices. */
  readonly #recorded = new InterfaceNames();
  readonly #own: ProgramSocket;
  /** Requests of the setup that were not carried out. */
  readonly refused: readonly Unlike[];

  /**
   * @param setup - requests that make the state at the beginning
   * @param received - what the programs received, which tells the names of the interfaces
   * @param kernel - to send to, with netlink loaded. Default: one of its own, without interfaces but lo
   */
  constructor(setup: readonly Uint8Array[], received: readonly Uint8Array[], kernel: Kernel = plainKernel()) {
    this.#kernel = kernel;
    this.#abi = new LinuxAbi(kernel, { mode: "extended" });
    this.#vnet = kernel.vnet0;
    this.#own = this.#open(OWN_PROCESS_ID);
    // The name that an index had first is the one of the setup.
    for (const datagram of received.toReversed()) this.#recorded.learn(datagram);
    this.refused = setup.flatMap((request, i) => {
      const emulated = kindsOf(this.#exchange(this.#own, this.#translated(request)));
      return emulated === DONE_WELL ? [] : [{ request: i + 1, linux: DONE_WELL, emulated }];
    });
    this.#kernel.advance(SETTLED_MILLISECONDS);
  }

  /** Sends the requests of a run. @returns those whose answers are of other kinds */
  run(run: Run, notes: RunNotes = {}): Unlike[] {
    const sockets = new Map<number, ProgramSocket | string>();
    const unlike: Unlike[] = [];
    let request = 0;
    for (const sent of run.sent) {
      for (const deed of notes.meanwhile ?? []) {
        if (deed.before === request + 1) this.#exchange(this.#own, this.#translated(deed.request));
      }
      let socket = sockets.get(sent.socket);
      if (socket === undefined) {
        socket = this.#openFor(run, sent, notes);
        sockets.set(sent.socket, socket);
      }
      const answers = typeof socket === "string" ? socket : this.#exchange(socket, this.#translated(sent.bytes));
      for (const exchange of sent.exchanges) {
        request++;
        const linux = kindsOf(exchange.answers);
        const emulated = typeof answers === "string" ? answers : kindsOf(answersTo(exchange.request, answers));
        if (linux !== emulated) unlike.push({ request, linux, emulated });
      }
      for (const { bytes } of sent.exchanges.flatMap((each) => each.answers)) this.#recorded.learn(bytes);
    }
    for (const socket of sockets.values()) if (typeof socket !== "string") socket.close();
    return unlike;
  }

  /** All messages that came back, and the notifications with them. */
  #exchange(socket: ProgramSocket, request: Uint8Array): Message[] {
    try {
      socket.send(request);
    } catch (error) {
      if (!(error instanceof LinuxError)) throw error;
      return [];
    }
    return this.#received(socket);
  }

  #received(socket: ProgramSocket): Message[] {
    const messages: Message[] = [];
    for (let each = socket.receive(OFFER_BYTES); each !== undefined; each = socket.receive(OFFER_BYTES)) {
      messages.push(...messagesOf(each.bytes.slice()));
      socket.taken(each.bytes.length);
    }
    return messages;
  }

  #translated(request: Uint8Array): Uint8Array {
    const own = new InterfaceNames();
    for (const { bytes } of this.#exchange(this.#own, LINK_DUMP)) own.learn(bytes);
    return withIndices(request, (index) => {
      const name = this.#recorded.nameOf(index);
      return name === undefined ? undefined : own.indexOf(name);
    });
  }

  #open(pid: number, protocol: number = NETLINK.ROUTE): ProgramSocket {
    return this.#abi.socket(this.#vnet, { type: SOCK.RAW, protocol, pid, isPrivileged: true });
  }

  /** @returns the socket, or the errno that it was refused with */
  #openFor(run: Run, sent: Sent, notes: RunNotes): ProgramSocket | string {
    const port = sent.exchanges.flatMap(({ answers }) => answers)[0]?.port ?? 0;
    let socket: ProgramSocket;
    try {
      socket = this.#open(OWN_PROCESS_ID + sent.socket + 1, run.protocols[sent.socket]);
    } catch (error) {
      if (error instanceof LinuxError) return `no socket ${-error.errno}`;
      throw error;
    }
    const { options, groups, memberships } = notes.sockets?.[sent.socket] ?? settingOf(run, sent.socket);
    for (const [level, name, value] of options) socket.setsockopt(level, name, word(value));
    for (const group of memberships) socket.setsockopt(LinuxSOL.NETLINK, NETLINK_OPTION.ADD_MEMBERSHIP, word(group));
    socket.bind(port, groups);
    return socket;
  }
}

function plainKernel(): Kernel {
  const kernel = Kernel.boot({ modules: ["netlink"], sysctls: SYSCTLS, fibs: FIBS });
  // Linux gives lo its addresses when it comes up; on FreeBSD that is a matter of /etc/rc.d.
  kernel.vnet0.addressAdd("lo0", "127.0.0.1/8");
  return kernel;
}

function answersTo(request: Message, answers: readonly Message[]): Message[] {
  return answers.filter(({ sequence }) => sequence === request.sequence);
}

/** What a program set on one of its sockets. */
function settingOf(run: Run, socket: number): SocketSetting {
  // Programs set the options of one socket after the other, and begin each with the same one.
  const bySocket: [number, number, number][][] = [];
  for (const [level, name] of run.options) {
    const begins = bySocket.length === 0 || (level === LinuxSOL.SOCKET && name === LinuxSO.SNDBUF);
    if (begins) bySocket.push([]);
    if (level === LinuxSOL.NETLINK) bySocket.at(-1)?.push([level, name, 1]);
  }
  return { options: bySocket[socket] ?? [], groups: 0, memberships: [] };
}

function word(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}
