// A run of random calls on a kernel, drawn from a seed: everything that the event log can hold.
//   RandomRun   makes one call at a time, and collects what came out

import { ND6_IFF } from "../../assembly/abi/ifnet.js";
import { MSG, NETLINK, NETLINK_OPTION, NLM_F, SO, SOCK, SOL } from "../../assembly/abi/netlink.js";
import { RTM } from "../../assembly/abi/rtnetlink.js";
import { type EventSink, Kernel, NetlinkError, type Policy, type Socket, type Vnet } from "../../host/kernel/kernel.js";
import { Random } from "../../host/table/random.js";
import { delAddr, newAddr } from "../route/addressrequests.js";
import { aboutNeighbour, getNeighbours, lladdrOf } from "../route/neighbours.js";
import { concat, ifaddrmsg, ifinfomsg, message, rtmsg, toHex, u32 } from "../support/messages.js";
import { changeNeighbours } from "./neighbours.js";
import { dumpOf, hostPrefix, route } from "./routes.js";

export interface RunOptions {
  readonly seed: number;
  readonly policy: Policy;
  readonly stepped: boolean;
  readonly record: boolean;
  /** Gets each event of the run. */
  readonly events?: EventSink;
}

const SOCKETS_MAX = 12;
const VNETS_MAX = 4;
const OPTIONS = [1, 2, 9, 10, 11, 12, 257, 3, 99];
const CREDS = [
  {},
  { uid: 1001 },
  { uid: 1001, privileges: 1 },
  { jail: { vnet: true } },
  { jail: { vnet: false, addresses: ["127.0.0.1", "::1", "192.0.2.1"] } },
  { capabilityMode: true },
];

/** Where a run stands, and the seed of what it does from there on. */
export interface Moment {
  readonly seed: number;
  readonly sockets: readonly Socket[];
  readonly closed: readonly Socket[];
  readonly named: number;
}

export class RandomRun {
  readonly kernel: Kernel;
  /** One line for each call: what it gave, or what it was refused with. */
  readonly outputs: string[] = [];
  #random: Random;
  readonly #sockets: Socket[] = [];
  /** Closed sockets, to call once more. */
  readonly #closed: Socket[] = [];
  #named = 0;

  /** @param kernel - one to go on with, from a moment on; else a new one */
  constructor({ seed, policy, stepped, record, events }: RunOptions, kernel?: Kernel) {
    this.#random = new Random(seed);
    this.kernel =
      kernel ??
      Kernel.boot(
        {
          seed,
          policy,
          stepped,
          record,
          fibs: 2,
          modules: ["netlink"],
          interfaces: [{ name: "em0", up: true, addresses: ["192.0.2.1/24", "2001:db8::1/64"] }, { name: "em1" }],
        },
        undefined,
        events,
      );
  }

  /** Makes `count` random calls. */
  play(count: number): this {
    for (let n = 0; n < count; n++) this.outputs.push(this.#one());
    return this;
  }

  /** The sockets that can still be called, and what comes next. */
  moment(): Moment {
    const hasVnet = (socket: Socket): boolean => this.kernel.vnets.some((vnet) => socket.belongsTo(vnet));
    const moment = {
      seed: this.#random.next(),
      sockets: [...this.#sockets],
      closed: this.#closed.filter(hasVnet),
      named: this.#named,
    };
    this.goOn(moment);
    return moment;
  }

  /** Goes on from a moment, of this kernel or by the numbers of its sockets of another. */
  goOn({ seed, sockets, closed, named }: Moment, find = (socket: Socket): Socket => socket): this {
    this.#random = new Random(seed);
    this.#sockets.splice(0, this.#sockets.length, ...sockets.map(find));
    this.#closed.splice(0, this.#closed.length, ...closed.map(find));
    this.#named = named;
    this.outputs.length = 0;
    return this;
  }

  /** All memory of all vnets, by name. */
  memories(): Map<string, Buffer> {
    return new Map(this.kernel.vnets.map((vnet) => [vnet.name, Buffer.from(vnet.memory)]));
  }

  #one(): string {
    try {
      return String(this.#call());
    } catch (error) {
      if (error instanceof NetlinkError) return error.code;
      // A wrong argument: the host's own check refuses it and nothing happens.
      if (error instanceof RangeError) return "RangeError";
      throw error;
    }
  }

  #below(limit: number): number {
    return this.#random.below(limit);
  }

  #pick<T>(values: readonly T[]): T {
    return values[this.#below(values.length)] as T;
  }

  #call(): unknown {
    const draw = this.#below(100);
    if (draw < 30) return this.#send();
    if (draw < 52) {
      // Who steps has to, for there to be anything to read.
      if (this.kernel.isStepped && this.#below(2) === 0) return this.kernel.run(this.#pick([1, 3, 1000]));
      return this.#receive();
    }
    if (draw < 60) return this.#open();
    if (draw < 66) return this.#close();
    if (draw < 70) return this.#bind();
    if (draw < 76) return this.#setOption();
    if (draw < 88) return this.#changeStack();
    if (draw < 92) return this.#vnet().failAllocation(this.#pick([0, 0, 1, 2, 3, 5, 8, 13]), this.#below(8) === 0);
    return this.#changeKernel();
  }

  #vnet(): Vnet {
    return this.#pick(this.kernel.vnets);
  }

  #socket(): Socket {
    if (this.#closed.length > 0 && this.#below(40) === 0) return this.#pick(this.#closed);
    if (this.#sockets.length === 0) this.#open();
    return this.#sockets.length === 0 ? this.#pick(this.#closed) : this.#pick(this.#sockets);
  }

  #open(): string {
    if (this.#sockets.length >= SOCKETS_MAX) return this.#close();
    const isOdd = this.#below(8) === 0;
    const socket = this.#vnet().socket({
      cred: this.#pick(isOdd ? CREDS : CREDS.slice(0, -1)),
      pid: this.#pick([1, 7, 1000, 1000]),
      type: isOdd ? this.#pick([SOCK.RAW, SOCK.STREAM, 99]) : this.#pick([SOCK.RAW, SOCK.DGRAM]),
      protocol: isOdd ? this.#pick([NETLINK.ROUTE, NETLINK.XFRM, -1, 20]) : NETLINK.ROUTE,
    });
    this.#sockets.push(socket);
    return "opened";
  }

  #close(): string {
    const socket = this.#sockets.splice(this.#below(this.#sockets.length), 1)[0];
    if (socket === undefined) return "none";
    socket.close();
    this.#closed.push(socket);
    return "closed";
  }

  #send(): number {
    const messages = Array.from({ length: 1 + this.#below(5) }, () => this.#damaged(this.#request()));
    const bytes = this.#below(12) === 0 ? this.#noise(this.#below(70)) : concat(...messages);
    const isOdd = this.#below(15) === 0;
    return this.#socket().send(bytes, {
      flags: isOdd ? this.#pick([MSG.OOB, MSG.EOR]) : 0,
      control: isOdd && this.#below(2) === 0,
      address: isOdd ? this.#noise(this.#pick([0, 1, 12, 256])) : this.#noise(12),
    });
  }

  #noise(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.#below(256));
  }

  #request(): Uint8Array {
    const seq = 1 + this.#below(1000);
    const ack = this.#pick([0, NLM_F.ACK]);
    const index = this.#pick([0, 1, 2, 3, 4, 9]);
    const oif = this.#pick([1, 2, 3, 9]);
    const prefix = this.#pick([
      hostPrefix(this.#below(40)),
      `10.${this.#below(20)}.0.0/16`,
      `2001:db8:${this.#below(9)}::/48`,
    ]);
    switch (this.#below(9)) {
      case 8:
        return this.#below(2) === 0 ? this.#addressChange(seq, index) : this.#neighbourRequest(index);
      case 0:
        return message({ type: RTM.GETLINK, flags: NLM_F.REQUEST | ack, seq }, ifinfomsg({ index }));
      case 1:
        return message({ type: RTM.GETADDR, flags: NLM_F.REQUEST | NLM_F.DUMP, seq }, ifaddrmsg({ index }));
      case 2:
        return this.#below(3) === 0 ? this.#manyRoutes(oif) : dumpOf(this.#pick([0, 2, 28]), seq);
      case 3:
        return route(RTM.GETROUTE, "qa", prefix, { seq });
      case 4:
        return route(RTM.DELROUTE, "qa", prefix, { seq });
      case 5:
        return message({ type: this.#below(130), flags: NLM_F.REQUEST | ack, seq }, rtmsg({ family: this.#below(30) }));
      default:
        return route(RTM.NEWROUTE, this.#pick(["qaC", "qaCX", "qaCP", "qC"]), prefix, {
          seq,
          ...(this.#below(2) === 0 ? { oif } : { gateway: prefix.includes(":") ? "2001:db8::2" : "192.0.2.254" }),
          ...(this.#below(3) === 0 ? { mtu: 1280 + this.#below(40) } : {}),
        });
    }
  }

  #addressChange(seq: number, index: number): Uint8Array {
    const local = this.#pick(["192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8:3::1"]);
    const prefixLength = this.#pick([24, 32, 64, 128]);
    const lifetimes = this.#pick<readonly [number, number]>([
      [0xffffffff, 0xffffffff],
      [1, 2],
      [0, 0],
    ]);
    const fields = { prefixLength, index, seq, lifetimes };
    return this.#below(3) === 0 ? delAddr(local, fields) : newAddr(local, fields);
  }

  #neighbourRequest(index: number): Uint8Array {
    const destination = this.#pick(["192.0.2.7", "192.0.2.1", "2001:db8::7", "fe80::7"]);
    const header = { index, flags: this.#pick([0, 0x40, 0x48]) };
    switch (this.#below(4)) {
      case 0:
        return getNeighbours({ index });
      case 1:
        return aboutNeighbour(RTM.DELNEIGH, "qa", destination, header);
      case 2:
        return aboutNeighbour(RTM.GETNEIGH, "qa", destination, header);
      default:
        return aboutNeighbour(
          RTM.NEWNEIGH,
          this.#pick(["qaC", "qaCP"]),
          destination,
          header,
          lladdrOf("02:00:00:00:00:09"),
        );
    }
  }

  /** Enough for a dump that is made while it is read. */
  #manyRoutes(oif: number): Uint8Array {
    return concat(...Array.from({ length: 500 }, (_, n) => route(RTM.NEWROUTE, "qC", hostPrefix(n), { oif })));
  }

  /** Now and then a byte is another, or the end is missing. */
  #damaged(bytes: Uint8Array): Uint8Array {
    if (this.#below(3) !== 0) return bytes;
    if (this.#below(4) === 0) return bytes.slice(0, 16 + this.#below(bytes.length - 15));
    const changed = bytes.slice();
    changed[this.#below(Math.min(changed.length, 120))] = this.#below(256);
    return changed;
  }

  #receive(): string {
    const room = this.#pick([0, 1, 16, 20, 36, 100, 333, 2048, 65_536, this.#below(5000)]);
    const into = new Uint8Array(room);
    const flags = this.#pick([0, 0, 0, MSG.PEEK, MSG.TRUNC, MSG.PEEK | MSG.TRUNC]);
    const message = this.#socket().recvmsg(into, {
      flags,
      control: this.#pick([0, 16, 64]),
      name: this.#pick([0, 5, 12]),
    });
    const { length, copied, flags: out, name, control } = message;
    return `${length} ${out} ${toHex(name)} ${toHex(control)} ${toHex(into.subarray(0, copied))}`;
  }

  #bind(): void {
    if (this.#below(6) === 0) this.#socket().connect(this.#noise(this.#pick([12, 1, 256])));
    const port = this.#pick([0, 0, 7, 1000, 70_000]);
    const address = concat(u32(0x26), u32(port), this.#noise(this.#pick([4, 4, 0, 5])));
    this.#socket().bind(this.#below(3) === 0 ? address : port, this.#random.next());
  }

  #setOption(): void {
    const socket = this.#socket();
    if (this.#below(4) === 0) {
      const option = this.#pick([SO.RCVBUF, SO.SNDBUF, SO.RCVLOWAT, SO.SNDLOWAT]);
      socket.setsockopt(SOL.SOCKET, option, this.#pick([0, 1, 500, 4096, 65_536, 65_536, 2_000_000, -1]));
      return;
    }
    const value = this.#pick([0, 1, 1, 5, 7, 9, 11, 40, 127, 128, -1]);
    const option = this.#below(2) === 0 ? NETLINK_OPTION.ADD_MEMBERSHIP : this.#pick(OPTIONS);
    socket.setsockopt(this.#pick([SOL.NETLINK, 1]), option, this.#below(9) === 0 ? this.#noise(this.#below(7)) : value);
  }

  #changeStack(): unknown {
    const vnet = this.#vnet();
    const name = this.#pick(["lo0", "em0", "em1", "em2", "em3"]);
    const address = this.#pick(["192.0.2.1", "198.51.100.1", "10.1.2.3", "2001:db8::1", "fe80::7", "not one"]);
    const length = this.#pick([8, 24, 31, 32, 64, 128, 129]);
    switch (this.#below(9)) {
      case 6:
        return this.#changeInet6(vnet, name);
      case 8:
        return vnet.addressAdd(name, `2001:db8:8::${1 + this.#below(3)}/64`, {
          preferred: this.#pick([0, 1, 5]),
          valid: this.#pick([1, 5, 0xffffffff]),
          flags: this.#pick([0, 1, 0x20, 0x40]),
        });
      case 7:
        return changeNeighbours(vnet, name, (limit) => this.#below(limit));
      case 0:
        return vnet.interfaceAttach({
          name: this.#pick([name, "tap7", "lo1", "9", "averyverylongname"]),
          mtu: this.#pick([1500, 9000, 1500, 1]),
          inet6: this.#below(4) === 0,
          pointToPoint: this.#below(6) === 0,
          up: this.#below(2) === 0,
          description: this.#pick(["", "a description"]),
          addresses: this.#pick([
            [],
            [],
            ["203.0.113.1/24"],
            ["10.9.9.9/16", "2001:db8:9::1/64"],
            ["10.0.0.1/24", "nowhere"],
          ]),
        });
      case 1:
        return vnet.interfaceDetach(this.#pick(["em1", "em2", "em3", "tap7", "lo0"]));
      case 2:
        return vnet.interfaceUp(name);
      case 3:
        return vnet.interfaceDown(name);
      case 4:
        return vnet.addressAdd(name, `${address}/${length}`);
      default:
        return vnet.addressDelete(name, address);
    }
  }

  #changeInet6(vnet: Vnet, name: string): unknown {
    switch (this.#below(5)) {
      case 3:
      case 4: {
        const flags = this.#pick([ND6_IFF.ACCEPT_RTADV, ND6_IFF.NO_RADR, ND6_IFF.AUTO_LINKLOCAL, ND6_IFF.IFDISABLED]);
        return vnet.interfaceSet(name, { nd6: this.#below(4) === 0 ? { off: flags } : { on: flags } });
      }
      case 0:
        return vnet.interfaceInet6(name, this.#below(3) !== 0);
      case 1:
        return vnet.addressDuplicate(name, `2001:db8:8::${1 + this.#below(3)}`);
      default:
        return vnet.sysctl(
          this.#pick([
            "net.inet6.ip6.dad_count",
            "net.add_addr_allfibs",
            "net.inet.ip.no_same_prefix",
            "net.inet6.ip6.accept_rtadv",
            "net.inet6.ip6.forwarding",
          ]),
          this.#below(3) === 0 ? 1 : 0,
        );
    }
  }

  #changeKernel(): unknown {
    const { kernel } = this;
    switch (this.#below(8)) {
      case 0:
        return this.#createVnet();
      case 1:
        return kernel.vnetDestroy(this.#pick(kernel.vnets).name);
      case 2:
        return this.#reload();
      case 3:
        return kernel.advance(this.#pick([0, 1, 999, 5000, 3_600_000]));
      case 4:
        return kernel.sysctl(
          this.#pick(["net.netlink.sendspace", "net.netlink.recvspace", "net.netlink.nl_maxsockbuf", "net.nothing"]),
          this.#below(8) === 0 ? 2_000_000 : this.#pick([65_536, 65_536, 4096, 100_000]),
        );
      case 5:
        return this.#vnet().forgetHighWater();
      case 6:
        return this.#vnet().check();
      default:
        return kernel.run(this.#pick([0, 1, 2, 50]));
    }
  }

  #createVnet(): string {
    if (this.kernel.vnets.length >= VNETS_MAX) return "enough";
    const name = this.#pick([`jail${this.#named++}`, "vnet0", ""]);
    const interfaces = this.#pick([
      [],
      [{ name: "em7", up: true }],
      [{ name: "em7" }, { name: "em7" }],
      [{ name: "em7", mtu: 3 }],
    ]);
    return this.kernel.vnetCreate(name, { interfaces }).name;
  }

  /** The module goes, if nobody has a socket, and comes back. */
  #reload(): string {
    if (this.#below(2) === 0) {
      for (const socket of this.#sockets.splice(0)) socket.close();
    }
    try {
      this.kernel.kldunload(this.#pick(["netlink", "netlink", "nothing"]));
    } finally {
      this.kernel.kldload("netlink");
    }
    return "reloaded";
  }
}
