// A vnet: a network stack of its own in a WebAssembly instance of its own. Two vnets share nothing but the numbers of
// interfaces and interfaces that belong together; relay.ts carries those over.

import { Errno } from "../../assembly/abi/errno.js";
import { OpenLayout } from "../../assembly/abi/exchange.js";
import { IfChange, IfLimit } from "../../assembly/abi/ifnet.js";
import { AF } from "../../assembly/abi/inet.js";
import { NETLINK, SOCK } from "../../assembly/abi/netlink.js";
import { parseAddress, parsePrefixed, writeAddress } from "./address.js";
import { PROCESS_ID_DEFAULT, writeCaller } from "./caller.js";
import type { Core, MemoryState } from "./core.js";
import { expectSuccess, NetlinkError } from "./errno.js";
import {
  attachInterface,
  changeInterface,
  createInterface,
  type InterfaceChanges,
  moveInterface,
  renameInterface,
  type VlanOptions,
} from "./interfaces.js";
import type { Call, Journal } from "./log.js";
import { Neighbours, Peer, type PeerOptions } from "./neighbours.js";
import {
  type AddressOptions,
  changesOf,
  checkAddress,
  checkInterface,
  type InterfaceOptions,
  integer,
  parseLladdr,
  type RoutingSocketOptions,
  rtadvBits,
  type SocketOptions,
  U32_MAX,
  vlanOf,
} from "./options.js";
import type { Relay, RelayPort } from "./relay.js";
import { type RoutingOwner, RoutingSocket, type RoutingSocketState } from "./routingsocket.js";
import { Socket, type SocketOwner } from "./socket.js";
import { readStatistics, type VnetStatistics } from "./statistics.js";
import { type SysctlNetOptions, type SysctlNetResult, sysctlNet } from "./sysctlnet.js";
import { VNET_SYSCTLS } from "./sysctls.js";
import { readTunnel, type TunnelSettings } from "./tunnels.js";
import type { EventValue } from "./value.js";

const ALL_MESSAGES = 0xffffffff;

/**
 * Something of the host that has sockets of a vnet on nobody's behalf, as the Linux-compat layer does, which in FreeBSD is
 * part of the kernel. Such sockets do not keep the vnet in place.
 */
export interface Attendant {
  /** How many it has open. */
  readonly sockets: number;
  /** Whether programs have sockets of its kind open. */
  readonly isBusy: boolean;
  /** The vnet goes, or what the attendant belongs to: closes them. */
  leave(): void;
}

/** A vnet as plain data. */
export interface VnetState {
  readonly name: string;
  /** Its number among the vnets, and which state of the set of interface indices its core has (relay.ts). */
  readonly number: number;
  readonly indices: number;
  readonly memory: MemoryState;
  readonly routingOpened: number;
  readonly routingSockets: readonly RoutingSocketState[];
}

/** What a vnet needs of its kernel. */
export interface VnetOwner {
  readonly journal: Journal;
  readonly isStepped: boolean;
  /** net.fibs */
  readonly fibs: number;
  /** What the vnets have in common. */
  readonly relay: Relay;
  /** The number of the next socket, in order of opening. */
  nextSocket(socket: Socket): number;
  socketNumber(): number;
  /** A socket was closed. */
  forgetSocket(socket: Socket): void;
}

export class Vnet implements SocketOwner, RoutingOwner {
  readonly name: string;
  readonly budget: number;
  /** What the other hosts of its links do. */
  readonly neighbours: Neighbours;
  /** Its end of what the vnets have in common. */
  readonly port: RelayPort;
  readonly #core: Core;
  readonly #kernel: VnetOwner;
  #isDestroyed = false;
  readonly #sockets = new Set<Socket>();
  readonly #attendants = new Set<Attendant>();
  readonly #routingSockets = new Map<number, RoutingSocket>();
  #routingOpened = 0;
  #routingOpen = 0;

  /** Made by Kernel. */
  constructor(kernel: VnetOwner, name: string, core: Core) {
    this.#kernel = kernel;
    this.name = name;
    this.#core = core;
    this.port = kernel.relay.open(core);
    this.budget = kernel.isStepped ? 0 : ALL_MESSAGES;
    this.neighbours = new Neighbours(this);
  }

  /**
   * Once the vnet is destroyed nothing may enter its core, whose tables are taken apart.
   * @throws NetlinkError ENXIO when it is destroyed
   */
  get core(): Core {
    this.expectAlive();
    return this.#core;
  }

  /**
   * Every call that is an event asks for the journal first, so that one on a destroyed vnet is refused before it is noted:
   * a replay could not find whom it was made on.
   * @throws NetlinkError ENXIO when it is destroyed
   */
  get journal(): Journal {
    this.expectAlive();
    return this.#kernel.journal;
  }

  /** @throws NetlinkError ENXIO when it is destroyed */
  expectAlive(): void {
    if (this.#isDestroyed) throw new NetlinkError(`vnet ${this.name}`, Errno.ENXIO);
  }

  /** Its kernel destroyed it: from now on every call is refused. */
  end(): void {
    this.#isDestroyed = true;
  }

  /** @param into - a state whose memory may be written over */
  save(into?: VnetState): VnetState {
    return {
      name: this.name,
      number: this.port.number,
      indices: this.port.version,
      memory: this.core.save(into?.memory),
      routingOpened: this.#routingOpened,
      routingSockets: this.routingSockets.map((socket) => socket.save()),
    };
  }

  /** Sees to the memory that `restore` needs. @throws Error when there is not that much */
  reserve({ memory }: VnetState): void {
    this.#core.reserve(memory);
  }

  /**
   * Puts back what the vnet was, also one that was destroyed since. Its netlink sockets, and what attends it, come one by one
   * afterwards: `adopt`, `attend`.
   * @param known - the routing sockets of then, in the state's order, where they are at hand
   */
  restore(state: VnetState, known: readonly RoutingSocket[] = []): void {
    this.#isDestroyed = false;
    this.#core.restore(state.memory);
    this.port.number = state.number;
    this.port.version = state.indices;
    this.#sockets.clear();
    this.#attendants.clear();
    const old = new Map(this.#routingSockets);
    for (const socket of old.values()) socket.restore(0);
    this.#routingSockets.clear();
    for (const [i, { number, handle, cred, pid }] of state.routingSockets.entries()) {
      const socket = known[i] ?? old.get(number) ?? new RoutingSocket(this, handle, number, { cred, pid });
      socket.restore(handle);
      this.#routingSockets.set(number, socket);
    }
    this.#routingOpened = state.routingOpened;
    this.#routingOpen = state.routingSockets.filter(({ handle }) => handle !== 0).length;
  }

  /** A socket that is open in a snapshot that is put back. */
  adopt(socket: Socket): void {
    this.#sockets.add(socket);
  }

  /** Open ones, and while the kernel records closed ones. */
  get routingSockets(): RoutingSocket[] {
    return [...this.#routingSockets.values()];
  }

  /** Open sockets. */
  get sockets(): ReadonlySet<Socket> {
    return this.#sockets;
  }

  /** All of linear memory. What host and core leave each other for the length of a call is cleared. */
  get memory(): Uint8Array {
    return this.core.memory;
  }

  statistics(): VnetStatistics {
    return readStatistics(this.core);
  }

  /** From now on an attendant is told when the vnet goes. */
  attend(attendant: Attendant): void {
    this.#attendants.add(attendant);
  }

  /** Whether a program has a socket of this vnet open. */
  get isBusy(): boolean {
    let attendants = 0;
    for (const { sockets } of this.#attendants) attendants += sockets;
    return this.#sockets.size > attendants || this.hasRoutingSockets;
  }

  /** Whether programs have sockets open that come from an attendant. */
  get isAttendantBusy(): boolean {
    return [...this.#attendants].some(({ isBusy }) => isBusy);
  }

  /** The attendants close their sockets. */
  dismiss(): void {
    for (const attendant of this.#attendants) attendant.leave();
    this.#attendants.clear();
  }

  forget(socket: Socket): void {
    this.#sockets.delete(socket);
    this.#kernel.forgetSocket(socket);
  }

  /**
   * Opens a netlink socket.
   * @throws NetlinkError EAFNOSUPPORT the module is not loaded, or another domain; EPROTOTYPE, EPROTONOSUPPORT for types;
   *   ECAPMODE; EINVAL, EPROTONOSUPPORT for protocols; ENOBUFS
   */
  socket(options: SocketOptions = {}): Socket {
    let opened: Socket | undefined;
    const number = this.#kernel.socketNumber();
    this.journal.perform("socket", { vnet: this.name }, [{ ...options }], () => {
      if ((options.domain ?? AF.NETLINK) !== AF.NETLINK) throw new NetlinkError("socket", Errno.EAFNOSUPPORT);
      this.#writeOpen(options);
      const handle = expectSuccess("socket", this.core.call.socketOpen());
      const protocol = options.protocol ?? NETLINK.ROUTE;
      opened = new Socket(this, { number, vnet: this.name, handle, protocol });
      return number;
    });
    const socket = opened as unknown as Socket;
    this.#sockets.add(socket);
    this.#kernel.nextSocket(socket);
    return socket;
  }

  /**
   * Opens a routing socket (PF_ROUTE), which needs no module.
   * @throws NetlinkError EPROTOTYPE, EPROTONOSUPPORT for other types than SOCK_RAW; EINVAL no such fib; ENOBUFS
   */
  routingSocket(options: RoutingSocketOptions = {}): RoutingSocket {
    const number = this.#routingOpened + 1;
    let opened: RoutingSocket | undefined;
    this.journal.perform("routingSocket", { vnet: this.name }, [{ ...options }], () => {
      const { type = SOCK.RAW, protocol = 0, fib = 0 } = options;
      const handle = expectSuccess("routingSocket", this.core.call.routingOpen(type, protocol, fib));
      opened = new RoutingSocket(this, handle, number, options);
      return number;
    });
    const socket = opened as unknown as RoutingSocket;
    this.#routingSockets.set(number, socket);
    this.#routingOpened++;
    this.#routingOpen++;
    return socket;
  }

  /**
   * sysctl(3) of { 4, 17, 0, family, operation, argument [, fib] }, which shows routes, neighbours, interfaces and nexthops.
   * @throws NetlinkError ENOENT another sysctl; EINVAL, EISDIR, ENOTDIR, EPERM, EAFNOSUPPORT; RangeError for a room out of
   *   range
   */
  sysctlNet(mib: readonly number[], options: SysctlNetOptions = {}): SysctlNetResult {
    let result: SysctlNetResult | undefined;
    this.journal.perform("sysctlNet", { vnet: this.name }, [[...mib], { ...options }], () => {
      result = sysctlNet(this.core, mib, options);
      return { ...result };
    });
    return result as unknown as SysctlNetResult;
  }

  /** Whether a routing socket is open. */
  get hasRoutingSockets(): boolean {
    return this.#routingOpen > 0;
  }

  /** A routing socket by its number in order of opening; a closed one only while the kernel records. */
  routingSocketByNumber(number: number): RoutingSocket | undefined {
    return this.#routingSockets.get(number);
  }

  forgetRouting(socket: RoutingSocket): void {
    this.#routingOpen--;
    if (!this.journal.isOn) this.#routingSockets.delete(socket.number);
  }

  #writeOpen(options: SocketOptions): void {
    const { exchange } = this.core;
    const data = this.core.views.data;
    writeCaller(this.core, options.cred ?? {}, options.pid ?? PROCESS_ID_DEFAULT);
    data.setInt32(exchange + OpenLayout.TYPE, options.type ?? SOCK.RAW, true);
    data.setInt32(exchange + OpenLayout.PROTOCOL, options.protocol ?? NETLINK.ROUTE, true);
    data.setUint8(exchange + OpenLayout.IS_CAPABILITY_MODE, options.cred?.capabilityMode ? 1 : 0);
    const { foreign } = options;
    data.setUint8(exchange + OpenLayout.IS_FOREIGN, foreign === undefined ? 0 : 1);
    data.setUint8(exchange + OpenLayout.LOSES_DEPARTURES, foreign?.losesDepartures ? 1 : 0);
    data.setUint8(exchange + OpenLayout.LINK_GROWTH, foreign?.linkGrowth ?? 0);
    data.setUint8(exchange + OpenLayout.ETHERNET_NAME_BYTES, foreign?.ethernetNameBytes ?? 0);
  }

  /**
   * Attaches an Ethernet-like interface, or, named lo…, a loopback one; with a kind, makes one as interfaceCreate does.
   * @returns its index
   * @throws NetlinkError EEXIST, EINVAL, ENAMETOOLONG, ENOMEM, and what interfaceCreate says; RangeError for values out of
   *   range
   */
  interfaceAttach(options: InterfaceOptions): number {
    return this.journal.perform("interfaceAttach", { vnet: this.name }, [{ ...options }], () => {
      checkInterface(options, this.#kernel.fibs);
      const lladdr = options.lladdr === undefined ? undefined : parseLladdr(options.lladdr);
      const { index, name } =
        options.kind === undefined
          ? { index: this.port.run(() => attachInterface(this.core, options, lladdr)), name: options.name }
          : this.#create(options.name, vlanOf(options));
      try {
        if (options.kind !== undefined || options.tunnel !== undefined) this.interfaceSet(name, changesOf(options));
        if (options.acceptRtadv !== undefined) this.interfaceSet(name, { nd6: rtadvBits(options.acceptRtadv) });
        if (options.inet6 ?? false) this.interfaceInet6(name, true);
        if (options.up ?? false) this.interfaceUp(name);
        for (const address of options.addresses ?? []) this.addressAdd(name, address);
      } catch (error) {
        // Half an interface is none: what was attached leaves again.
        this.port.run(() => this.core.call.interfaceDetach(index));
        throw error;
      }
      return index;
    });
  }

  #create(name: string, vlan: VlanOptions | undefined): { index: number; name: string } {
    const parent = vlan === undefined ? 0 : this.#indexOf(vlan.parent);
    return this.port.run(() => createInterface(this.core, name, vlan, parent));
  }

  /**
   * Makes an interface by the cloner that its name matches, as `ifconfig NAME create` does: "tap", "tap3", "vlan7",
   * "epair0a.7". Nothing behind the cloner's name means the lowest free unit.
   * @returns the name it got; of an epair that of its first half
   * @throws NetlinkError EINVAL no cloner, unit, vid; EEXIST; ENOSPC; ENXIO no such parent; EPROTONOSUPPORT the parent
   *   carries no vlans; ENAMETOOLONG; ENOMEM
   */
  interfaceCreate(name: string, vlan?: VlanOptions): string {
    return this.journal.perform("interfaceCreate", { vnet: this.name }, [name, vlan && { ...vlan }], () => {
      if (name.length >= IfLimit.NAMSIZ) throw new NetlinkError(`interface ${name}`, Errno.ENAMETOOLONG);
      return this.#create(name, vlan).name;
    });
  }

  /**
   * Destroys what a cloner made; of an epair both halves, wherever they are.
   * @throws NetlinkError ENXIO there is none, or its cloner did not make it; EINVAL no cloner, lo0; EBUSY a vlan that
   *   carries vlans; ENOMEM
   */
  interfaceDestroy(name: string): void {
    this.#change("interfaceDestroy", name, [], (index) =>
      expectSuccess(`interface ${name}`, this.core.call.interfaceDestroy(index)),
    );
  }

  /** @throws NetlinkError ENXIO; EINVAL for the empty name; EEXIST; ENAMETOOLONG */
  interfaceRename(name: string, to: string): void {
    this.#change("interfaceRename", name, [to], (index) => renameInterface(this.core, index, to));
  }

  /** Changes an interface as ioctls and drivers do. @throws NetlinkError ENXIO, and what InterfaceChanges says */
  interfaceSet(name: string, changes: InterfaceChanges): void {
    this.#change("interfaceSet", name, [{ ...changes }], (index) =>
      changeInterface(this.core, index, name, changes, (other) => this.interfaceIndex(other)),
    );
  }

  /** What is set of a gif or gre; undefined for any other interface. @throws NetlinkError ENXIO */
  tunnel(name: string): TunnelSettings | undefined {
    return readTunnel(this.core, this.#indexOf(name));
  }

  /** A program opens the device of a tun, tap or vmnet. @throws NetlinkError ENXIO it has none; EBUSY it is open */
  deviceOpen(name: string): void {
    this.#change("deviceOpen", name, [], (index) => this.#device(index, name, true));
  }

  /** It closes it: the interface goes down and loses its addresses. @throws NetlinkError ENXIO; ENOMEM */
  deviceClose(name: string): void {
    this.#change("deviceClose", name, [], (index) => this.#device(index, name, false));
  }

  #device(index: number, name: string, isOpen: boolean): void {
    const result = this.core.call.interfaceChange(index, IfChange.DEVICE, isOpen ? 1 : 0, 0);
    expectSuccess(`device ${name}`, result);
  }

  /**
   * Moves an interface to another vnet, where it arrives at the end of the list, with its index and without addresses.
   * @throws NetlinkError ENXIO, for a target that is destroyed too; EEXIST it is there, or its name is; EINVAL for lo0;
   *   ENOMEM
   */
  interfaceMove(name: string, target: Vnet): void {
    // The log knows the target by its name, which is another vnet's by now, or nobody's.
    target.expectAlive();
    this.#change("interfaceMove", name, [target.name], (index) => {
      if (target === this || target.interfaceIndex(name) !== undefined) {
        throw new NetlinkError(`interface ${name}`, Errno.EEXIST);
      }
      target.port.run(() => moveInterface(index, name, this.core, target.core));
      this.#kernel.relay.tellMoved(this.port, index);
    });
  }

  #change(call: Call, name: string, parameters: readonly EventValue[], change: (index: number) => void): void {
    this.journal.perform(call, { vnet: this.name }, [name, ...parameters], () => {
      const index = this.#indexOf(name);
      this.port.run(() => change(index));
    });
  }

  /** The index of an interface by name, or undefined. */
  interfaceIndex(name: string): number | undefined {
    this.core.writeText(0, name, IfLimit.NAMSIZ);
    return this.core.call.interfaceIndex() || undefined;
  }

  #indexOf(name: string): number {
    const index = this.interfaceIndex(name);
    if (index === undefined) throw new NetlinkError(`interface ${name}`, Errno.ENXIO);
    return index;
  }

  /** An interface is taken out, with its addresses and routes. @throws NetlinkError ENXIO; EINVAL for lo0; ENOMEM */
  interfaceDetach(name: string): void {
    this.#change("interfaceDetach", name, [], (index) =>
      expectSuccess(`interface ${name}`, this.core.call.interfaceDetach(index)),
    );
  }

  /** @throws NetlinkError ENXIO, ENOMEM */
  interfaceUp(name: string): void {
    this.journal.perform("interfaceUp", { vnet: this.name }, [name], () => {
      expectSuccess(`interface ${name} up`, this.core.call.interfaceUp(this.#indexOf(name), 1));
    });
  }

  /** @throws NetlinkError ENXIO, ENOMEM */
  interfaceDown(name: string): void {
    this.journal.perform("interfaceDown", { vnet: this.name }, [name], () => {
      expectSuccess(`interface ${name} down`, this.core.call.interfaceUp(this.#indexOf(name), 0));
    });
  }

  /** Switches IPv6 on an interface on or off (ifconfig inet6 -ifdisabled, ifdisabled). @throws NetlinkError ENXIO, ENOMEM */
  interfaceInet6(name: string, isEnabled: boolean): void {
    this.journal.perform("interfaceInet6", { vnet: this.name }, [name, isEnabled], () => {
      const error = this.core.call.interfaceInet6(this.#indexOf(name), isEnabled ? 1 : 0);
      expectSuccess(`interface ${name} inet6`, error);
    });
  }

  /**
   * @param address - with prefix length, "192.0.2.1/24"; it brings its routes
   * @throws NetlinkError ENXIO, EINVAL, EDESTADDRREQ, EEXIST, ENOMEM; RangeError for a text that is no address
   */
  addressAdd(name: string, address: string, options: AddressOptions = {}): void {
    this.journal.perform("addressAdd", { vnet: this.name }, [name, address, { ...options }], () => {
      checkAddress(options);
      const words = parsePrefixed(address);
      const index = this.#indexOf(name);
      writeAddress(this.core, words, words.prefixLength, options);
      expectSuccess(`address ${address}`, this.core.call.addressAdd(index));
    });
  }

  /** @param address - with or without prefix length. @throws NetlinkError ENXIO, EADDRNOTAVAIL, ENOMEM */
  addressDelete(name: string, address: string): void {
    this.journal.perform("addressDelete", { vnet: this.name }, [name, address], () => {
      const words = address.includes("/") ? parsePrefixed(address) : parseAddress(address);
      const index = this.#indexOf(name);
      writeAddress(this.core, words, 0);
      expectSuccess(`address ${address}`, this.core.call.addressDelete(index));
    });
  }

  /**
   * A program joins a multicast group on an interface (IP_ADD_MEMBERSHIP, IPV6_JOIN_GROUP): one membership more, which routing
   * sockets hear of when it is the group's first.
   * @throws NetlinkError ENXIO; EINVAL no group; EADDRNOTAVAIL the interface has no multicast; ENOMEM
   */
  membershipAdd(name: string, group: string): void {
    this.#changeMembership("membershipAdd", name, group, true);
  }

  /** A program leaves a group. @throws NetlinkError ENXIO; EINVAL no group; EADDRNOTAVAIL no program has joined it */
  membershipRemove(name: string, group: string): void {
    this.#changeMembership("membershipRemove", name, group, false);
  }

  #changeMembership(call: Call, name: string, group: string, isJoin: boolean): void {
    this.journal.perform(call, { vnet: this.name }, [name, group], () => {
      const words = parseAddress(group);
      const index = this.#indexOf(name);
      writeAddress(this.core, words, 0);
      expectSuccess(`group ${group}`, this.core.call.membershipChange(index, isJoin ? 1 : 0));
    });
  }

  /**
   * Another owner answers for an address during its duplicate address detection, which will then find it a duplicate.
   * @throws NetlinkError ENXIO; EADDRNOTAVAIL when the address is not there, or not being detected
   */
  addressDuplicate(name: string, address: string): void {
    this.journal.perform("addressDuplicate", { vnet: this.name }, [name, address], () => {
      const index = this.#indexOf(name);
      writeAddress(this.core, parseAddress(address), 0);
      expectSuccess(`address ${address}`, this.core.call.addressDuplicate(index));
    });
  }

  /**
   * Reads, or with a value sets, a sysctl of this vnet's own stack.
   * @throws NetlinkError ENOENT; RangeError for a value beyond 32 bits
   */
  sysctl(name: string, value?: number): number {
    this.expectAlive();
    const number = VNET_SYSCTLS.get(name);
    if (number === undefined) throw new NetlinkError(`sysctl ${name}`, Errno.ENOENT);
    if (value !== undefined) {
      this.journal.perform("vnetSysctl", { vnet: this.name }, [name, value], () => {
        integer(value, `sysctl ${name}`, 0, U32_MAX);
        expectSuccess(`sysctl ${name}`, this.core.call.sysctlWrite(number, value));
      });
    }
    return this.core.call.sysctlRead(number) >>> 0;
  }

  /**
   * A packet for an address of an interface's link wants out: it uses the neighbour's entry, or begins to resolve it.
   * @returns the neighbour's link-layer address; undefined when it was asked for and the packet waits
   * @throws NetlinkError ENXIO, ENETDOWN, EAFNOSUPPORT for an interface that resolves nothing; IPv4: EHOSTDOWN when nobody
   *   answered five requests, EINVAL when the address is not on the link, EADDRNOTAVAIL, ENOMEM; IPv6: ENOBUFS for both
   */
  neighbourResolve(name: string, address: string): string | undefined {
    return this.neighbours.resolve(name, address);
  }

  /** Puts another host on an interface's link. @throws NetlinkError ENXIO, ENOMEM; RangeError for a text that is no address */
  peer(name: string, options: PeerOptions): Peer {
    return new Peer(this.neighbours, name, options);
  }

  /**
   * Makes the n-th allocation from now on fail, and with `every` each n-th after it; n = 0 ends the fault.
   * Windows that a receive is copied through are the host's and do not count.
   * @throws RangeError for an n beyond 32 bits
   */
  failAllocation(n: number, every = false): void {
    this.journal.perform("failAllocation", { vnet: this.name }, [n, every], () => {
      integer(n, "failAllocation", 0, U32_MAX);
      this.core.call.failAllocation(n, every ? n : 0);
    });
  }

  /** Lets the high-water mark of dump buffers start again from what is in use. */
  forgetHighWater(): void {
    this.journal.perform("forgetHighWater", { vnet: this.name }, [], () => this.core.call.forgetHighWater());
  }

  /** 0 when tables and queues are consistent; else the number of what is wrong (assembly/net/ribcheck.ts, netlink/check.ts). */
  check(): number {
    return this.journal.perform("check", { vnet: this.name }, [], () => this.core.call.check());
  }
}
