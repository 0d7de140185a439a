// IFLA_INFO_DATA of gif and gre, as FreeBSD 16 has it (net/if_gif.c, net/if_gre.c: …_clone_modify_nl, …_clone_dump_nl).

import { describe, expect, it } from "vitest";
import { Errno } from "../../assembly/abi/errno.js";
import { GIF, GRE, IFF } from "../../assembly/abi/ifnet.js";
import { IFLA, IFLA_GRE, IFLA_INFO, IFLA_IPTUN, IFLA_TUNNEL, RTM, RTNLGRP } from "../../assembly/abi/rtnetlink.js";
import { ask, attribute, attributes, drain, ip, text, toHex, u8, u32 } from "../support/messages.js";
import { monitor, setupR } from "../support/setups.js";
import { create, deleteLink, errno, type LinkFields, made, newLink } from "./linkrequests.js";
import { events, getLink, linkNamed, linkOf } from "./links.js";
import { BOTH, change, type Data, data, greOf, HEAD, LOCAL, NONE, REMOTE, setup, shown } from "./tunnels.js";

const CX: LinkFields["flags"] = "qaCX";

describe("FreeBSD's own cases", () => {
  it("[FB-24] a gre is made with all settings, shown with them, and deleted", () => {
    const { socket } = setup();
    const settings = { ...BOTH, flags: GRE.ENABLE_SEQ | GRE.ENABLE_CSUM, key: 123456, encapType: 1, port: 50000 };
    expect(errno(socket, create("gre10", { flags: CX, data: data(settings) }))).toBe(0);
    const kind = attribute(IFLA.LINKINFO, attribute(IFLA_INFO.KIND, text("gre")));
    const answer = ask(socket, getLink({}, "qD", attribute(IFLA.IFNAME, text("gre10")), kind));
    expect(answer).toHaveLength(1);
    const link = linkOf(answer[0]);
    const flags = GRE.ENABLE_SEQ | GRE.ENABLE_CSUM | GRE.UDPENCAP;
    expect(shown(socket, "gre10").slice(2)).toEqual(greOf(flags, 123456, IFLA_TUNNEL.GRE_UDP, 50000));
    expect(errno(socket, deleteLink(link.index))).toBe(0);
    expect(errno(socket, deleteLink(link.index))).toBe(Errno.ENOENT);
  });

  it("[FB-25] a gif is made with all settings, shown with them, and deleted", () => {
    const { socket } = setup();
    const settings = { ...BOTH, flags: GIF.NOCLAMP | GIF.IGNORE_SOURCE };
    expect(errno(socket, create("gif10", { flags: CX, data: data(settings) }))).toBe(0);
    const kind = attribute(IFLA.LINKINFO, attribute(IFLA_INFO.KIND, text("gif")));
    const answer = ask(socket, getLink({}, "qD", attribute(IFLA.IFNAME, text("gif10")), kind));
    expect(answer).toHaveLength(1);
    const flags: [number, string] = [IFLA_IPTUN.FLAGS, "03000000"];
    expect(shown(socket, "gif10")).toEqual([LOCAL, REMOTE, flags]);
    expect(errno(socket, deleteLink(linkOf(answer[0]).index))).toBe(0);
  });
});

describe("what is shown", () => {
  it("index and name once more, the kind, and data that a fresh gif and gre have too", () => {
    const { socket } = setup();
    for (const name of ["gif0", "gre0"]) {
      const { index } = made(socket, name);
      const link = linkNamed(socket, name);
      expect(link.order.slice(-4)).toEqual([IFLA.PROMISCUITY, IFLA.LINK, IFLA.IFNAME, IFLA.LINKINFO]);
      expect(link.payload(IFLA.LINK)).toEqual(u32(index));
    }
    expect(shown(socket, "gif0")).toEqual([[IFLA_IPTUN.FLAGS, "00000000"]]);
    expect(shown(socket, "gre0")).toEqual(greOf(0, 0, IFLA_TUNNEL.NONE, 0));
  });

  it("a gre's endpoints as the heads of socket addresses, both as LOCAL; with the switch as a gif's", () => {
    const { socket } = setup();
    made(socket, "gre0", { data: data(BOTH) });
    made(socket, "gre1", { data: data({ local: "2001:db8::1", remote: "2001:db8:1:2::2" }) });
    expect(shown(socket, "gre0")).toEqual([HEAD, HEAD, ...greOf(0, 0, 0, 0)]);
    expect(shown(socket, "gre1").slice(0, 2)).toEqual([
      [IFLA_GRE.LOCAL, "1c1c000000000000" + "20010db800000000"],
      [IFLA_GRE.LOCAL, "1c1c000000000000" + "20010db800010002"],
    ]);
    const other = setup({ greEndpoints: true });
    made(other.socket, "gre0", { data: data(BOTH) });
    expect(shown(other.socket, "gre0")).toEqual([LOCAL, REMOTE, ...greOf(0, 0, 0, 0)]);
  });

  it("IPv6 endpoints of a gif with all their bytes", () => {
    const { socket } = setup();
    made(socket, "gif0", { data: data({ local: "2001:db8::1", remote: "fe80::2" }) });
    expect(shown(socket, "gif0").slice(0, 2)).toEqual([
      [IFLA_IPTUN.LOCAL, toHex(ip("2001:db8::1"))],
      [IFLA_IPTUN.REMOTE, toHex(ip("fe80::2"))],
    ]);
  });

  it("a link-local endpoint without the index that stands in it, and not at all when that is above every interface's", () => {
    const { socket } = setup();
    made(socket, "gif0", { data: data({ local: "fe80:1::1", remote: "fe80:63::2" }) });
    expect(shown(socket, "gif0")).toEqual([
      [IFLA_IPTUN.LOCAL, toHex(ip("fe80::1"))],
      [IFLA_IPTUN.FLAGS, "00000000"],
    ]);
  });

  it("[B.1.5] [B.3.6] without the switch nothing but the kind, and the data is not looked at", () => {
    const { socket, vnet } = setupR();
    for (const name of ["gif0", "gre0"]) {
      expect(errno(socket, create(name, { data: data({ ...BOTH, flags: 0xff }) }))).toBe(0);
      const link = linkNamed(socket, name);
      expect(link.order.slice(-2)).toEqual([IFLA.PROMISCUITY, IFLA.LINKINFO]);
      expect(attributes(link.payload(IFLA.LINKINFO) ?? u8(0)).map(([type]) => type)).toEqual([IFLA_INFO.KIND]);
      expect(vnet.tunnel(name)).toEqual({ flags: 0, key: 0, port: 0 });
    }
  });

  it("in notifications: what is there while it is destroyed, a gif's data is empty then, a gre's has no endpoints", () => {
    const { socket, vnet } = setup();
    for (const name of ["gif0", "gre0"]) made(socket, name, { data: data(BOTH) });
    const listener = monitor(vnet, RTNLGRP.LINK);
    vnet.interfaceDestroy("gif0");
    vnet.interfaceDestroy("gre0");
    const seen = drain(listener).map(linkOf);
    const types = seen.map(({ name, payload }) => {
      const info = attributes(payload(IFLA.LINKINFO) ?? u8(0));
      return [name, attributes(info[1]?.[1] ?? u8(0)).map(([type]) => type)];
    });
    const gre = [IFLA_GRE.FLAGS, IFLA_GRE.OKEY, IFLA_GRE.ENCAP_TYPE, IFLA_GRE.ENCAP_SPORT];
    // The carrier, twice; down; gone.
    expect(types).toEqual([
      ...Array.from({ length: 4 }, () => ["gif0", []]),
      ...Array.from({ length: 4 }, () => ["gre0", gre]),
    ]);
    expect(seen.map(({ seen: { type } }) => type).filter((type) => type === RTM.DELLINK)).toHaveLength(2);
  });
});

describe("a change", () => {
  it("sets what it says and leaves the rest, and nobody is told", () => {
    const { socket, vnet } = setup({ greEndpoints: true });
    made(socket, "gre0", { data: data({ ...BOTH, key: 7 }) });
    const listener = monitor(vnet, RTNLGRP.LINK);
    const steps: [Data, [number, string][]][] = [
      [{ flags: GRE.ENABLE_SEQ }, [LOCAL, REMOTE, ...greOf(GRE.ENABLE_SEQ, 7, 0, 0)]],
      [{ encapType: IFLA_TUNNEL.GRE_UDP }, [LOCAL, REMOTE, ...greOf(GRE.ENABLE_SEQ | GRE.UDPENCAP, 7, 1, 0)]],
      [{ port: 65535 }, [LOCAL, REMOTE, ...greOf(GRE.ENABLE_SEQ | GRE.UDPENCAP, 7, 1, 65535)]],
      [{ encapType: 0, key: 0 }, [LOCAL, REMOTE, ...greOf(GRE.ENABLE_SEQ, 0, 0, 65535)]],
      [{ flags: 0, key: 0xffffffff, port: 0 }, [LOCAL, REMOTE, ...greOf(0, 0xffffffff, 0, 0)]],
    ];
    for (const [settings, expected] of steps) {
      expect(errno(socket, change("gre0", settings))).toBe(0);
      expect(shown(socket, "gre0")).toEqual(expected);
    }
    expect(events(listener)).toEqual([]);
  });

  it("an encapsulation type counts by its lowest bit, after the flags", () => {
    const { socket } = setup();
    made(socket, "gre0", { data: data({ flags: GRE.ENABLE_CSUM, encapType: 3 }) });
    expect(shown(socket, "gre0")).toEqual(greOf(GRE.ENABLE_CSUM | GRE.UDPENCAP, 0, IFLA_TUNNEL.GRE_UDP, 0));
    expect(errno(socket, change("gre0", { flags: GRE.UDPENCAP, encapType: 2 }))).toBe(0);
    expect(shown(socket, "gre0")).toEqual(greOf(0, 0, IFLA_TUNNEL.NONE, 0));
  });

  it("moves the endpoints to another family, and the same ones again are no error", () => {
    const { socket } = setup();
    made(socket, "gif0", { data: data(BOTH) });
    expect(errno(socket, change("gif0", BOTH))).toBe(0);
    expect(errno(socket, change("gif0", { local: "::1", remote: "::2" }))).toBe(0);
    expect(shown(socket, "gif0")[1]).toEqual([IFLA_IPTUN.REMOTE, toHex(ip("::2"))]);
  });

  it("by index as by name, without KIND, and with the rest of the message after it", () => {
    const { socket } = setup();
    const { index } = made(socket, "gif0");
    const header = { index, flags: IFF.UP, change: IFF.UP };
    expect(errno(socket, newLink({ header, mtu: 1400, data: data(BOTH) }))).toBe(0);
    expect(shown(socket, "gif0").slice(0, 2)).toEqual([LOCAL, REMOTE]);
    const link = linkNamed(socket, "gif0");
    expect([link.mtu, link.flags & IFF.UP]).toEqual([1400, IFF.UP]);
  });

  it("an interface of the driver that has another name by now", () => {
    const { socket, vnet } = setup();
    made(socket, "gre3");
    vnet.interfaceRename("gre3", "uplink");
    expect(errno(socket, newLink({ header: { change: NONE }, name: "uplink", data: data({ key: 9 }) }))).toBe(0);
    expect(vnet.tunnel("uplink")?.key).toBe(9);
  });

  it("does not bring the carrier, nor an interface up; it runs once its local address is one of the vnet's", () => {
    const { socket, vnet } = setup();
    const listener = monitor(vnet, RTNLGRP.LINK);
    made(socket, "gif0", { header: { change: NONE }, data: data({ local: "192.0.2.1", remote: "192.0.2.2" }) });
    made(socket, "gif1", { header: { change: NONE }, data: data(BOTH) });
    expect(events(listener)).toEqual(["NEWLINK gif0 0x0", "NEWLINK gif1 0x0"]);
    expect(["gif0", "gif1"].map((name) => linkNamed(socket, name).flags & (IFF.UP | IFF.RUNNING))).toEqual([
      0,
      IFF.RUNNING,
    ]);
  });

  it("between IPv4 endpoints, of NOCLAMP alone, is forgotten (in_gif_setopts); not between IPv6 ones", () => {
    const { socket, vnet } = setup();
    made(socket, "gif0", { data: data(BOTH) });
    made(socket, "gif1", { data: data({ local: "::1", remote: "::2" }) });
    const flagsOf = (name: string): number | undefined => vnet.tunnel(name)?.flags;
    for (const name of ["gif0", "gif1"]) expect(errno(socket, change(name, { flags: GIF.NOCLAMP }))).toBe(0);
    expect([flagsOf("gif0"), flagsOf("gif1")]).toEqual([0, GIF.NOCLAMP]);
    for (const flags of [GIF.NOCLAMP | GIF.IGNORE_SOURCE, GIF.IGNORE_SOURCE]) {
      expect(errno(socket, change("gif0", { flags }))).toBe(0);
    }
    expect(flagsOf("gif0")).toBe(GIF.NOCLAMP | GIF.IGNORE_SOURCE);
  });
});
