// The Linux-compat intercept layer of a kernel: opens sockets for Linux programs and keeps what it knows of each vnet.

import { NETLINK, SOCK } from "../../assembly/abi/netlink.js";
import {
  Errno,
  type Kernel,
  type Layer,
  NetlinkError,
  type Snapshot,
  SnapshotError,
  type Vnet,
} from "../kernel/kernel.js";
import { expireAddress } from "./addresschange.js";
import { Channel } from "./channel.js";
import { loadSource } from "./dumpsources.js";
import { asLinux, LinuxErrno, LinuxError } from "./errno.js";
import { handleGeneric } from "./generic.js";
import { GenericGroups } from "./genericgroups.js";
import { interfaceIoctl } from "./ioctl.js";
import type { Mode } from "./modes.js";
import { EVENTS, handleRoute } from "./objects.js";
import { pack, unpack } from "./plain.js";
import { PortSource } from "./ports.js";
import { Refusal } from "./refusal.js";
import { type Observe, Tap } from "./rewrite.js";
import { LinuxSocket, type LinuxSocketOptions, type LinuxSocketState, type SocketProtocol } from "./socket.js";
import { type StrictRules, StrictSocket, type StrictSocketState } from "./strict/socket.js";
import { type LayerSettings, LinuxVnet, type LinuxVnetOwner, type LinuxVnetState, type Namespaces } from "./vnet.js";

export { LinuxErrno, LinuxError } from "./errno.js";
export type { Mode } from "./modes.js";
export type { FieldChange, Observe, Rewrite } from "./rewrite.js";
export { type Datagram, LinuxSocket, type LinuxSocketOptions, type SocketAddress } from "./socket.js";
export { StrictSocket } from "./strict/socket.js";
export { linesOf } from "./trace.js";
export type { Namespaces } from "./vnet.js";

/** A netlink socket of a Linux program: what both modes have is the same. */
export type ProgramSocket = LinuxSocket | StrictSocket;

export interface LinuxAbiOptions {
  /** Of sockets that do not say. Default extended. */
  readonly mode?: Mode;
  /** In the mode strict the layer is FreeBSD 14's, where it differs. Default false. */
  readonly is14?: boolean;
  /** Gets each rewrite; LinuxAbi.tap sets it later. */
  readonly tap?: Observe;
  /** compat.linux.use_real_ifnames: Ethernet interfaces keep FreeBSD's names. Default false. */
  readonly usesRealNames?: boolean;
  /** Seed of the port ids that the layer chooses when the process id is taken. Default 1. */
  readonly seed?: number;
  /**
   * Which vnet a program means by IFLA_NET_NS_PID and IFLA_NET_NS_FD. Without, a process is in the vnet that it has a
   * socket in, and descriptors are unknown.
   */
  readonly namespaces?: Partial<Namespaces>;
  /** What RTM_NEWRULE and RTM_DELRULE do: policy rules are kept, or refused. Default `store`. */
  readonly rules?: LayerSettings["rules"];
  /** What goes with a nexthop: its routes and its place in groups, or nothing. Default `cascade`. */
  readonly nexthopRemoval?: LayerSettings["nexthopRemoval"];
}

/** What the layer is part of in FreeBSD; unloading it ends the layer, once its programs' sockets are closed. */
export const LINUX_MODULE = "linux_common";

/** The name of the layer in snapshots. */
export const LINUX_LAYER = "linux";

/** The layer as plain data, and maps and sets of it. */
interface LinuxAbiState {
  /** Without what is no data: the tap, the namespaces. */
  readonly options: Omit<LinuxAbiOptions, "tap" | "namespaces">;
  readonly ports: number;
  readonly socketsOpened: number;
  readonly vnets: readonly { readonly name: string; readonly state: LinuxVnetState }[];
  readonly sockets: readonly ProgramSocketState[];
}

interface ProgramSocketState {
  readonly number: number;
  readonly vnet: string;
  readonly opened: LinuxSocketOptions;
  readonly extended?: LinuxSocketState;
  readonly strict?: StrictSocketState;
}

/** What a state was saved of, each list in its order. */
interface LinuxAbiObjects {
  readonly vnets: readonly LinuxVnet[];
  readonly sockets: readonly ProgramSocket[];
}

const HANDLERS = { events: EVENTS, expire: expireAddress };

export class LinuxAbi implements LinuxVnetOwner, Layer {
  readonly name = LINUX_LAYER;
  readonly kernel: Kernel;
  readonly namespaces: Namespaces;
  #options: LinuxAbiOptions;
  readonly #ports: PortSource;
  readonly #vnets = new Map<Vnet, LinuxVnet>();
  /** By number in order of opening: open ones, and all while the kernel records, for a call on a closed one is an event too. */
  readonly #sockets = new Map<number, ProgramSocket>();
  #socketsOpened = 0;
  /** The kernel was put back to before there was the layer. */
  #isGone = false;
  #tap: Tap | undefined;

  /**
   * Loads the module that the layer is part of, and netlink with it. Of a kernel that was restored from a snapshot with a layer,
   * it is that one: its sockets are there by number, and of the options `tap` and `namespaces` count.
   * @throws Error the kernel records, and `namespaces` are given: what they answer would not be in the recording
   */
  constructor(kernel: Kernel, options: LinuxAbiOptions = {}) {
    const { tap, namespaces, ...recorded } = options;
    if (kernel.journal.isOn && namespaces !== undefined) {
      throw new Error("LinuxAbi: namespaces; expected none on a kernel that records");
    }
    this.kernel = kernel;
    if (!kernel.awaitsLayer(LINUX_LAYER)) {
      kernel.journal.perform("linux.open", {}, [recorded], () => {
        // The layer is a module that needs netlink: while it is loaded, netlink stays (netlink-core N9.4).
        if (!kernel.isLoaded(LINUX_MODULE)) kernel.kldload(LINUX_MODULE);
      });
    }
    this.#options = options;
    this.#ports = new PortSource(options.seed ?? 1);
    this.namespaces = {
      ofProcess: namespaces?.ofProcess ?? ((pid) => this.#vnetOfProcess(pid)),
      ofDescriptor: namespaces?.ofDescriptor ?? (() => undefined),
    };
    this.tap = tap;
    // A second layer of a kernel is its maker's own matter.
    if (kernel.layer(LINUX_LAYER) === undefined) kernel.addLayer(this);
  }

  get settings(): LayerSettings {
    const { rules = "store", nexthopRemoval = "cascade" } = this.#options;
    return { rules, nexthopRemoval };
  }

  // ---- in snapshots

  /** See Layer. */
  save(): { readonly state: unknown; readonly objects: LinuxAbiObjects } {
    const { tap: _, namespaces: __, ...options } = this.#options;
    const vnets = [...this.#vnets.values()];
    const sockets = [...this.#sockets];
    const state: LinuxAbiState = {
      options,
      ports: this.#ports.save(),
      socketsOpened: this.#socketsOpened,
      vnets: vnets.map((each) => ({ name: each.vnet.name, state: each.save() })),
      sockets: sockets.map(([number, socket]) => stateOf(number, socket)),
    };
    return { state: pack(state), objects: { vnets, sockets: sockets.map(([, socket]) => socket) } };
  }

  /** See Layer. */
  restore(packed: unknown, objects: unknown): void {
    for (const socket of this.#sockets.values()) socket.forget();
    this.#sockets.clear();
    const before = new Map(this.#vnets);
    this.#vnets.clear();
    this.#isGone = packed === undefined;
    if (packed === undefined) return;
    const state = unpack(packed) as LinuxAbiState;
    const known = objects as LinuxAbiObjects | undefined;
    this.#options = { ...this.#options, ...state.options };
    this.#ports.load(state.ports);
    this.#socketsOpened = state.socketsOpened;
    for (const [i, { name, state: each }] of state.vnets.entries()) {
      const vnet = this.kernel.vnet(name) as Vnet;
      const layer = known?.vnets[i] ?? before.get(vnet) ?? this.#newVnet(vnet);
      layer.tap = this.#tap;
      layer.load(each);
      this.#vnets.set(vnet, layer);
    }
    for (const [i, each] of state.sockets.entries()) this.#restoreSocket(each, known?.sockets[i]);
  }

  #restoreSocket({ number, vnet: name, opened, extended, strict }: ProgramSocketState, known?: ProgramSocket): void {
    const vnet = this.#vnets.get(this.kernel.vnet(name) as Vnet);
    // A closed one of a vnet that the layer has left: calls on it are refused, as on any that is not there.
    if (vnet === undefined) {
      if (known !== undefined) this.#sockets.set(number, known);
      return;
    }
    if (extended !== undefined) {
      const socket = known instanceof LinuxSocket ? known : this.#newExtended(vnet, opened, number);
      socket.load(extended);
      this.#sockets.set(number, socket);
    } else if (strict !== undefined) {
      const kernelSocket = this.kernel.socketByNumber(strict.socket);
      if (kernelSocket === undefined)
        throw new SnapshotError(`snapshot: no socket ${strict.socket} of a Linux program`);
      const socket =
        known instanceof StrictSocket ? known : new StrictSocket(vnet, opened, this.#strictRules, number, kernelSocket);
      socket.load(strict);
      this.#sockets.set(number, socket);
    }
  }

  /** Who gets each rewrite from now on; undefined for nobody. */
  set tap(observe: Observe | undefined) {
    this.#tap = observe && new Tap(observe);
    for (const known of this.#vnets.values()) known.tap = this.#tap;
  }

  /**
   * Opens a netlink socket for a Linux program.
   * @throws LinuxError EPROTONOSUPPORT for a protocol that is not there; EAFNOSUPPORT when the layer was unloaded;
   *   ESOCKTNOSUPPORT for types, in the mode strict EPROTOTYPE and EINVAL
   */
  socket(vnet: Vnet, options: LinuxSocketOptions): ProgramSocket {
    const number = this.#socketsOpened + 1;
    let opened: ProgramSocket | undefined;
    this.kernel.journal.perform("linux.socket", { vnet: vnet.name }, [{ ...options }], () => {
      if (!this.#isLoaded) throw new LinuxError("socket", LinuxErrno.EAFNOSUPPORT);
      const mode = options.mode ?? this.#options.mode ?? "extended";
      opened = mode === "strict" ? this.#openStrict(vnet, options, number) : this.#openExtended(vnet, options, number);
      return number;
    });
    const socket = opened as unknown as ProgramSocket;
    this.#socketsOpened = number;
    this.#sockets.set(number, socket);
    return socket;
  }

  get #isLoaded(): boolean {
    return !this.#isGone && this.kernel.isLoaded(LINUX_MODULE);
  }

  socketClosed(number: number): void {
    if (!this.kernel.journal.isOn) this.#sockets.delete(number);
  }

  /** A socket by its number in order of opening; a closed one only while the kernel records. */
  socketByNumber(number: number): ProgramSocket | undefined {
    return this.#sockets.get(number);
  }

  #openStrict(vnet: Vnet, options: LinuxSocketOptions, number: number): StrictSocket {
    return asLinux("socket", () => {
      const known = this.vnet(vnet);
      const socket = StrictSocket.open(known, options, this.#strictRules);
      return new StrictSocket(known, options, this.#strictRules, number, socket);
    });
  }

  get #strictRules(): StrictRules {
    const { is14 = false, usesRealNames = false } = this.#options;
    return { is14, usesRealNames };
  }

  #openExtended(vnet: Vnet, options: LinuxSocketOptions, number: number): LinuxSocket {
    const { type, protocol } = options;
    if (type !== SOCK.RAW && type !== SOCK.DGRAM) throw new LinuxError("socket", LinuxErrno.ESOCKTNOSUPPORT);
    if (!this.#protocols.has(protocol)) throw new LinuxError("socket", LinuxErrno.EPROTONOSUPPORT);
    const known = asLinux("socket", () => this.vnet(vnet));
    return this.#newExtended(known, options, number);
  }

  #newExtended(known: LinuxVnet, options: LinuxSocketOptions, number: number): LinuxSocket {
    const protocol = this.#protocols.get(options.protocol);
    if (protocol === undefined) throw new LinuxError("socket", LinuxErrno.EPROTONOSUPPORT);
    return new LinuxSocket(known, options, protocol(known), number);
  }

  /**
   * An ioctl on interfaces, as programs make them on any socket.
   * @param request - SIOCGIF…
   * @param ifreq - struct ifreq, 40 bytes; of SIOCGIFCONF it does not matter
   * @returns the ifreq as the program finds it; of SIOCGIFCONF one for each IPv4 address
   * @throws LinuxError ENODEV, EADDRNOTAVAIL, EOPNOTSUPP, EFAULT; ENOTTY for another ioctl; EAFNOSUPPORT when the layer was
   *   unloaded
   */
  interfaceIoctl(vnet: Vnet, request: number, ifreq: Uint8Array): Uint8Array {
    return this.kernel.journal.perform("linux.interfaceIoctl", { vnet: vnet.name }, [request, ifreq], () => {
      if (!this.#isLoaded) throw new LinuxError("ioctl", LinuxErrno.EAFNOSUPPORT);
      const known = asLinux("ioctl", () => this.vnet(vnet));
      return interfaceIoctl(known, request, ifreq);
    });
  }

  /** What the layer knows of a vnet. @throws NetlinkError EAFNOSUPPORT when the netlink module is not loaded */
  vnet(vnet: Vnet): LinuxVnet {
    let known = this.#vnets.get(vnet);
    if (known === undefined) {
      known = this.#newVnet(vnet);
      known.tap = this.#tap;
      this.#vnets.set(vnet, known);
    }
    known.attach();
    return known;
  }

  #newVnet(vnet: Vnet): LinuxVnet {
    return new LinuxVnet(this.kernel, vnet, HANDLERS, this.#options.usesRealNames ?? false, this);
  }

  get known(): Iterable<LinuxVnet> {
    return this.#vnets.values();
  }

  ended(vnet: Vnet): void {
    this.#vnets.delete(vnet);
  }

  #vnetOfProcess(pid: number): Vnet | undefined {
    for (const { vnet, members } of this.#vnets.values()) {
      for (const member of members) if (member.pid === pid) return vnet;
    }
    return undefined;
  }

  /** Carries what the kernel did by itself, or for others, to the Linux sockets of every vnet. */
  settle(): void {
    for (const vnet of this.#vnets.values()) vnet.settle();
  }

  /** What sockets of each protocol that there is are given. */
  readonly #protocols = new Map<number, (known: LinuxVnet) => SocketProtocol>([
    [NETLINK.ROUTE, (known) => ({ handle: handleRoute, ...this.#means(known, NETLINK.ROUTE) })],
    [
      NETLINK.GENERIC,
      (known) => ({
        handle: handleGeneric,
        ...this.#means(known, NETLINK.GENERIC),
        openGroups: (hear) => new GenericGroups(this.kernel, known.vnet, hear),
      }),
    ],
    [
      // A socket for uevents is silent: it takes groups, and nothing is ever sent to them (E10.2).
      NETLINK.KOBJECT_UEVENT,
      (known) => ({ handle: refuse, ...this.#means(known, NETLINK.ROUTE) }),
    ],
  ]);

  /** What sockets of all protocols need. @param protocol - of the kernel's socket */
  #means(known: LinuxVnet, protocol: number): Pick<SocketProtocol, "openChannel" | "loadSource"> {
    return {
      openChannel: (port, options) => this.#openChannel(known.vnet, port, protocol, options),
      loadSource: (state) => loadSource(known, state),
    };
  }

  /** @param port - 0: the process id, else one from 0x80000000 on (E2.9). @throws NetlinkError EADDRINUSE */
  #openChannel(vnet: Vnet, port: number, protocol: number, { pid, isPrivileged }: LinuxSocketOptions): Channel {
    const cred = { uid: isPrivileged ? 0 : 1 };
    if (port !== 0) return Channel.open(this.kernel, vnet, { cred, port, pid, protocol });
    for (const candidate of this.#ports.candidates(pid)) {
      try {
        return Channel.open(this.kernel, vnet, { cred, port: candidate, pid, protocol });
      } catch (error) {
        if (!(error instanceof NetlinkError) || error.errno !== Errno.EADDRINUSE) throw error;
      }
    }
    throw new NetlinkError("bind", Errno.EADDRINUSE);
  }
}

/** A protocol that takes no requests. @throws Refusal EOPNOTSUPP */
function refuse(): never {
  throw new Refusal(LinuxErrno.EOPNOTSUPP);
}

/** The programs' sockets that are in a snapshot. */
export function socketsIn({ state: { layers } }: Snapshot): { number: number; vnet: string; protocol: number }[] {
  const packed = layers.find(({ name }) => name === LINUX_LAYER)?.state;
  if (packed === undefined) return [];
  const { sockets } = unpack(packed) as LinuxAbiState;
  return sockets.map(({ number, vnet, opened: { protocol } }) => ({ number, vnet, protocol }));
}

function stateOf(number: number, socket: ProgramSocket): ProgramSocketState {
  const of = { number, vnet: socket.vnet.vnet.name, opened: socket.opened };
  return socket instanceof LinuxSocket ? { ...of, extended: socket.save() } : { ...of, strict: socket.save() };
}
