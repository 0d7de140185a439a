// The Linux-compat intercept layer of a kernel: opens sockets for Linux programs and keeps what it knows of each vnet.

import { NETLINK, SOCK } from "../../assembly/abi/netlink.js";
import { Errno, type Kernel, NetlinkError, type Vnet } from "../kernel/kernel.js";
import { Channel } from "./channel.js";
import { asLinux, LinuxErrno, LinuxError } from "./errno.js";
import { handleGeneric } from "./generic.js";
import { GenericGroups } from "./genericgroups.js";
import { interfaceIoctl } from "./ioctl.js";
import type { Mode } from "./modes.js";
import { EVENTS, handleRoute } from "./objects.js";
import { PortSource } from "./ports.js";
import { Refusal } from "./refusal.js";
import { type Observe, Tap } from "./rewrite.js";
import { LinuxSocket, type LinuxSocketOptions, type SocketProtocol } from "./socket.js";
import { StrictSocket } from "./strict/socket.js";
import { type LayerSettings, LinuxVnet, type LinuxVnetOwner, type Namespaces } from "./vnet.js";

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

export class LinuxAbi implements LinuxVnetOwner {
  readonly kernel: Kernel;
  readonly namespaces: Namespaces;
  readonly settings: LayerSettings;
  readonly #options: LinuxAbiOptions;
  readonly #ports: PortSource;
  readonly #vnets = new Map<Vnet, LinuxVnet>();
  /** By number in order of opening: all while the kernel records, for a call on a closed one is an event too. */
  readonly #sockets = new Map<number, ProgramSocket>();
  #socketsOpened = 0;
  #tap: Tap | undefined;

  /**
   * Loads the module that the layer is part of, and netlink with it.
   * @throws Error the kernel records, and `namespaces` are given: what they answer would not be in the recording
   */
  constructor(kernel: Kernel, options: LinuxAbiOptions = {}) {
    const { tap, namespaces, ...recorded } = options;
    if (kernel.journal.isOn && namespaces !== undefined) {
      throw new Error("LinuxAbi: namespaces; expected none on a kernel that records");
    }
    this.kernel = kernel;
    kernel.journal.perform("linux.open", {}, [recorded], () => {
      // The layer is a module that needs netlink: while it is loaded, netlink stays (netlink-core N9.4).
      if (!kernel.isLoaded(LINUX_MODULE)) kernel.kldload(LINUX_MODULE);
    });
    this.#options = options;
    this.#ports = new PortSource(options.seed ?? 1);
    this.namespaces = {
      ofProcess: namespaces?.ofProcess ?? ((pid) => this.#vnetOfProcess(pid)),
      ofDescriptor: namespaces?.ofDescriptor ?? (() => undefined),
    };
    this.settings = { rules: options.rules ?? "store", nexthopRemoval: options.nexthopRemoval ?? "cascade" };
    this.tap = tap;
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
      if (!this.kernel.isLoaded(LINUX_MODULE)) throw new LinuxError("socket", LinuxErrno.EAFNOSUPPORT);
      const mode = options.mode ?? this.#options.mode ?? "extended";
      opened = mode === "strict" ? this.#openStrict(vnet, options, number) : this.#openExtended(vnet, options, number);
      return number;
    });
    const socket = opened as unknown as ProgramSocket;
    this.#socketsOpened = number;
    if (this.kernel.journal.isOn) this.#sockets.set(number, socket);
    return socket;
  }

  /** A socket by its number in order of opening, while the kernel records. */
  socketByNumber(number: number): ProgramSocket | undefined {
    return this.#sockets.get(number);
  }

  #openStrict(vnet: Vnet, options: LinuxSocketOptions, number: number): StrictSocket {
    const { is14 = false, usesRealNames = false } = this.#options;
    return asLinux("socket", () => new StrictSocket(this.vnet(vnet), options, { is14, usesRealNames }, number));
  }

  #openExtended(vnet: Vnet, options: LinuxSocketOptions, number: number): LinuxSocket {
    const { type, protocol } = options;
    if (type !== SOCK.RAW && type !== SOCK.DGRAM) throw new LinuxError("socket", LinuxErrno.ESOCKTNOSUPPORT);
    const open = this.#protocols.get(protocol);
    if (open === undefined) throw new LinuxError("socket", LinuxErrno.EPROTONOSUPPORT);
    const known = asLinux("socket", () => this.vnet(vnet));
    return new LinuxSocket(known, options, open(known), number);
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
      if (!this.kernel.isLoaded(LINUX_MODULE)) throw new LinuxError("ioctl", LinuxErrno.EAFNOSUPPORT);
      const known = asLinux("ioctl", () => this.vnet(vnet));
      return interfaceIoctl(known, request, ifreq);
    });
  }

  /** What the layer knows of a vnet. @throws NetlinkError EAFNOSUPPORT when the netlink module is not loaded */
  vnet(vnet: Vnet): LinuxVnet {
    let known = this.#vnets.get(vnet);
    if (known === undefined) {
      known = new LinuxVnet(this.kernel, vnet, EVENTS, this.#options.usesRealNames ?? false, this);
      known.tap = this.#tap;
      this.#vnets.set(vnet, known);
    }
    known.attach();
    return known;
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
    [
      NETLINK.ROUTE,
      (known) => ({ isRoute: true, handle: handleRoute, openChannel: this.#channelOpener(known, NETLINK.ROUTE) }),
    ],
    [
      NETLINK.GENERIC,
      (known) => ({
        isRoute: false,
        handle: handleGeneric,
        openChannel: this.#channelOpener(known, NETLINK.GENERIC),
        openGroups: (hear) => new GenericGroups(this.kernel, known.vnet, hear),
      }),
    ],
    [
      // A socket for uevents is silent: it takes groups, and nothing is ever sent to them (E10.2).
      NETLINK.KOBJECT_UEVENT,
      (known) => ({ isRoute: false, handle: refuse, openChannel: this.#channelOpener(known, NETLINK.ROUTE) }),
    ],
  ]);

  #channelOpener({ vnet }: LinuxVnet, protocol: number): SocketProtocol["openChannel"] {
    return (port, options) => this.#openChannel(vnet, port, protocol, options);
  }

  /** @param port - 0: the process id, else one from 0x80000000 on (E2.9). @throws NetlinkError EADDRINUSE */
  #openChannel(vnet: Vnet, port: number, protocol: number, { pid, isPrivileged }: LinuxSocketOptions): Channel {
    const cred = { uid: isPrivileged ? 0 : 1 };
    if (port !== 0) return new Channel(this.kernel, vnet, { cred, port, pid, protocol });
    for (const candidate of this.#ports.candidates(pid)) {
      try {
        return new Channel(this.kernel, vnet, { cred, port: candidate, pid, protocol });
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
