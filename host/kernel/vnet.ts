// A vnet: a network stack of its own in a WebAssembly instance of its own. Two vnets share nothing but the numbers of
// interfaces, which the kernel hands out.

import { Errno } from "../../assembly/abi/errno.js";
import { AttachLayout, Exchange, JailAddressLayout, OpenLayout } from "../../assembly/abi/exchange.js";
import { IFT, IfLimit } from "../../assembly/abi/ifnet.js";
import { AF } from "../../assembly/abi/inet.js";
import { NETLINK, SOCK } from "../../assembly/abi/netlink.js";
import { parseAddress, parsePrefixed, writeAddress } from "./address.js";
import type { Core } from "./core.js";
import { expectSuccess, NetlinkError } from "./errno.js";
import type { Journal } from "./log.js";
import { Neighbours, Peer, type PeerOptions } from "./neighbours.js";
import {
  type AddressOptions,
  checkAddress,
  checkInterface,
  type InterfaceOptions,
  jailAddressesOf,
  parseLladdr,
  privilegesOf,
  type SocketOptions,
} from "./options.js";
import { Socket, type SocketOwner } from "./socket.js";
import { readStatistics, type VnetStatistics } from "./statistics.js";
import { checkSysctls, VNET_SYSCTLS } from "./sysctls.js";

const PROCESS_ID_DEFAULT = 1000;
const ALL_MESSAGES = 0xffffffff;

/** What a vnet needs of its kernel. */
export interface VnetOwner {
  readonly journal: Journal;
  readonly isStepped: boolean;
  /** net.fibs */
  readonly fibs: number;
  /** A free interface index; indices are unique over all vnets. */
  acquireIndex(): number;
  freeIndex(index: number): void;
  /** The number of the next socket, in order of opening. */
  nextSocket(socket: Socket): number;
  socketNumber(): number;
}

export class Vnet implements SocketOwner {
  readonly name: string;
  readonly core: Core;
  readonly journal: Journal;
  readonly budget: number;
  /** What the other hosts of its links do. */
  readonly neighbours: Neighbours;
  readonly #kernel: VnetOwner;
  readonly #sockets = new Set<Socket>();

  /** Made by Kernel. */
  constructor(kernel: VnetOwner, name: string, core: Core) {
    this.#kernel = kernel;
    this.name = name;
    this.core = core;
    this.journal = kernel.journal;
    this.budget = kernel.isStepped ? 0 : ALL_MESSAGES;
    this.neighbours = new Neighbours(this);
  }

  /** Open sockets. */
  get sockets(): ReadonlySet<Socket> {
    return this.#sockets;
  }

  /** All of linear memory. What host and core leave each other for the length of a call is cleared. */
  get memory(): Uint8Array {
    const bytes = this.core.views.bytes;
    bytes.fill(0, this.core.exchange, this.core.exchange + Exchange.BYTES);
    return bytes;
  }

  statistics(): VnetStatistics {
    return readStatistics(this.core);
  }

  forget(socket: Socket): void {
    this.#sockets.delete(socket);
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
      opened = new Socket(this, handle, { vnet: this.name, socket: number });
      return number;
    });
    const socket = opened as unknown as Socket;
    this.#sockets.add(socket);
    this.#kernel.nextSocket(socket);
    return socket;
  }

  #writeOpen(options: SocketOptions): void {
    const { exchange } = this.core;
    const data = this.core.views.data;
    const cred = options.cred ?? {};
    const visible = jailAddressesOf(cred);
    data.setInt32(exchange + OpenLayout.TYPE, options.type ?? SOCK.RAW, true);
    data.setInt32(exchange + OpenLayout.PROTOCOL, options.protocol ?? NETLINK.ROUTE, true);
    data.setUint32(exchange + OpenLayout.PROCESS_ID, options.pid ?? PROCESS_ID_DEFAULT, true);
    data.setUint32(exchange + OpenLayout.PRIVILEGES, visible === undefined ? privilegesOf(cred) : 0, true);
    data.setUint8(exchange + OpenLayout.IS_CONSTRAINED, visible === undefined ? 0 : 1);
    data.setUint8(exchange + OpenLayout.IS_CAPABILITY_MODE, cred.capabilityMode ? 1 : 0);
    data.setUint32(exchange + OpenLayout.JAIL_ADDRESS_COUNT, visible?.length ?? 0, true);
    visible?.forEach((text, i) => {
      const { family, high, low } = parseAddress(text);
      const at = exchange + OpenLayout.JAIL_ADDRESSES + i * JailAddressLayout.BYTES;
      data.setUint32(at + JailAddressLayout.FAMILY, family, true);
      data.setBigUint64(at + JailAddressLayout.HIGH, high, true);
      data.setBigUint64(at + JailAddressLayout.LOW, low, true);
    });
  }

  /**
   * Attaches an Ethernet-like interface, or, named lo…, a loopback one.
   * @returns its index
   * @throws NetlinkError EEXIST, EINVAL, ENAMETOOLONG, ENOMEM; RangeError for values out of range
   */
  interfaceAttach(options: InterfaceOptions): number {
    return this.journal.perform("interfaceAttach", { vnet: this.name }, [{ ...options }], () => {
      checkInterface(options, this.#kernel.fibs);
      const lladdr = options.lladdr === undefined ? undefined : parseLladdr(options.lladdr);
      const addresses = (options.addresses ?? []).map((text) => ({ text, words: parsePrefixed(text) }));
      const index = this.#kernel.acquireIndex();
      try {
        this.#writeAttach(options, lladdr ?? Uint8Array.of(0x02, 0, 0, 0, index >> 8, index));
        expectSuccess(`interface ${options.name}`, this.core.call.interfaceAttach(index, typeOf(options)));
      } catch (error) {
        this.#kernel.freeIndex(index);
        throw error;
      }
      try {
        if (options.inet6 ?? false) this.interfaceInet6(options.name, true);
        if (options.up ?? false) this.interfaceUp(options.name);
        for (const { text } of addresses) this.addressAdd(options.name, text);
      } catch (error) {
        // Half an interface is none: what was attached leaves again.
        if (this.core.call.interfaceDetach(index) === 0) this.#kernel.freeIndex(index);
        throw error;
      }
      return index;
    });
  }

  #writeAttach(options: InterfaceOptions, lladdr: Uint8Array): void {
    const { exchange } = this.core;
    this.core.writeText(AttachLayout.DESCRIPTION, options.description ?? "", IfLimit.DESCRIPTION);
    this.core.writeText(AttachLayout.NAME, options.name, IfLimit.NAMSIZ);
    const data = this.core.views.data;
    data.setBigUint64(exchange + AttachLayout.LLADDR, 0n);
    this.core.views.bytes.set(lladdr, exchange + AttachLayout.LLADDR);
    data.setUint32(exchange + AttachLayout.MTU, options.mtu ?? 0, true);
    data.setUint32(exchange + AttachLayout.FIB, options.fib ?? 0, true);
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

  /** An interface leaves, with its addresses and routes. @throws NetlinkError ENXIO; EINVAL for lo0 */
  interfaceDetach(name: string): void {
    this.journal.perform("interfaceDetach", { vnet: this.name }, [name], () => {
      const index = this.#indexOf(name);
      if (name === "lo0") throw new NetlinkError(`interface ${name}`, Errno.EINVAL);
      expectSuccess(`interface ${name}`, this.core.call.interfaceDetach(index));
      this.#kernel.freeIndex(index);
    });
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
    const number = VNET_SYSCTLS.get(name);
    if (number === undefined) throw new NetlinkError(`sysctl ${name}`, Errno.ENOENT);
    if (value !== undefined) {
      this.journal.perform("vnetSysctl", { vnet: this.name }, [name, value], () => {
        checkSysctls({ [name]: value }, VNET_SYSCTLS);
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
   */
  failAllocation(n: number, every = false): void {
    this.journal.perform("failAllocation", { vnet: this.name }, [n, every], () => {
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

/** IFT_* of an interface to attach. */
function typeOf({ name, pointToPoint }: InterfaceOptions): IFT {
  if (/^lo\d*$/.test(name)) return IFT.LOOP;
  return pointToPoint === true ? IFT.GIF : IFT.ETHER;
}
