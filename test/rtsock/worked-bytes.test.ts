// The worked examples of the reference (rtsock G.9), byte for byte, written as there: places and bytes; what is not shown is 0.

import { describe, expect, it } from "vitest";
import { RTF } from "../../assembly/abi/rtnetlink.js";
import { ROUTE_RTM } from "../../assembly/abi/rtsock.js";
import { Errno, Kernel, type RoutingSocket, type Vnet } from "../../host/kernel/kernel.js";
import { newRoute } from "../route/routes.js";
import { ask, hex, toHex } from "../support/messages.js";
import { AS_GIVEN, openSocket } from "../support/setups.js";
import { errnoOf, type Routing, readAll, readBytes, request } from "./routing.js";

/** 0x1092 */
const PID = 4242;

/** The bytes of a dump: lines of a place, a colon, and the bytes from there on. */
function dump(length: number, text: string): Uint8Array {
  const bytes = new Uint8Array(length);
  for (const line of text.trim().split("\n")) {
    const [place = "", shown = ""] = line.split(":");
    bytes.set(hex(shown), Number.parseInt(place, 16));
  }
  return bytes;
}

const SOCKADDRS = `
  098: 10 02 00 00 0a 01 00 00
  0a8: 10 02 00 00 c0 00 02 01
  0b8: 10 02 00 00 ff ff 00 00`;

/** The metrics of the echoes of G.9.2 and G.9.5: MTU 1500, weight 1, nexthop 5. */
const METRICS = `
  030: dc 05
  078: 01
  080: 05`;

/** G.9.1 */
const ADD = dump(200, `000: c8 00 05 01 00 00 00 00 03 08 00 00 07 00 00 00\n010: 00 00 00 00 01${SOCKADDRS}`);

/** The state of G.9: lo0, and epair0a with 192.0.2.2/24. */
function worked(): { vnet: Vnet; socket: RoutingSocket } {
  const { vnet0: vnet } = Kernel.boot({
    ...AS_GIVEN,
    modules: ["netlink"],
    interfaces: [{ name: "epair0a", lladdr: "02:00:00:00:00:0a", up: true, addresses: ["192.0.2.2/24"] }],
  });
  return { vnet, socket: vnet.routingSocket({ pid: PID }) };
}

/** As many other routes that the next nexthop gets index 5. */
function takeNexthops(socket: RoutingSocket): void {
  const flags = RTF.UP | RTF.GATEWAY | RTF.STATIC;
  for (let n = 10; ; n++) {
    socket.write(request(ROUTE_RTM.ADD, { dst: `203.0.113.${n}`, gateway: `192.0.2.${n}`, flags }));
    if ((readAll(socket)[0] as Routing).nhidx === 4) return;
  }
}

function expectBytes(socket: RoutingSocket, expected: Uint8Array): void {
  expect(toHex(readBytes(socket) as Uint8Array)).toBe(toHex(expected));
}

describe("[RF-RTSOCK-21] the worked examples", () => {
  it("[G.9.1] the request for a route is taken whole", () => {
    const { socket } = worked();
    expect(socket.write(ADD)).toBe(200);
    expect(readAll(socket)).toMatchObject([{ type: "ADD", dst: "10.1.0.0", netmask: "255.255.0.0", errno: 0 }]);
  });

  it("[G.9.2] [FB-129] its echo goes to listeners of all families and of IPv4", () => {
    const { vnet, socket } = worked();
    takeNexthops(socket);
    const listeners = [socket, vnet.routingSocket(), vnet.routingSocket({ protocol: 2 })];
    const elsewhere = vnet.routingSocket({ protocol: 28 });
    socket.write(ADD);
    const echo = dump(
      200,
      `000: c8 00 05 01 02 00 00 00 43 08 00 00 07 00 00 00
       010: 92 10 00 00 01${METRICS}${SOCKADDRS}`,
    );
    for (const listener of listeners) expectBytes(listener, echo);
    expect(readBytes(elsewhere)).toBeUndefined();
  });

  it("[G.9.3] the same route added through netlink has no metrics and nobody's process", () => {
    const { vnet, socket } = worked();
    ask(openSocket(vnet), newRoute("10.1.0.0/16", { gateway: "192.0.2.1" }));
    expectBytes(socket, dump(200, `000: c8 00 05 01 02 00 00 00 43 00 00 00 07 00 00 00${SOCKADDRS}`));
  });

  it("[G.9.4] a repeated request fails, and its echo has the errno and no metrics", () => {
    const { vnet, socket } = worked();
    vnet.sysctl("net.route.multipath", 0);
    socket.write(ADD);
    readAll(socket);
    const again = ADD.slice();
    again[0x14] = 3;
    expect(errnoOf(() => socket.write(again))).toBe(Errno.EEXIST);
    const echo = dump(
      200,
      `000: c8 00 05 01 00 00 00 00 03 08 00 00 07 00 00 00
       010: 92 10 00 00 03 00 00 00 11${SOCKADDRS}`,
    );
    expectBytes(socket, echo);
  });

  it("[G.9.5] the echo of RTM_GET shows interface and source address when one of them was asked for", () => {
    const { socket } = worked();
    takeNexthops(socket);
    socket.write(ADD);
    readAll(socket);
    const ifp = new Uint8Array([56, 18, ...new Array(54).fill(0)]);
    socket.write(request(ROUTE_RTM.GET, { dst: "10.1.2.3", ifp, seq: 2 }));
    const echo = dump(
      272,
      `000: 10 01 05 04 02 00 00 00 43 08 00 00 37 00 00 00
       010: 92 10 00 00 02${METRICS}${SOCKADDRS}
       0c8: 38 12 02 00 06 07 06 00
       0d0: 65 70 61 69 72 30 61 02 00 00 00 00 0a
       100: 10 02 00 00 c0 00 02 02`,
    );
    expectBytes(socket, echo);
  });

  it("[G.9.6] the arrival of an interface is 24 bytes", () => {
    const { vnet0: vnet } = Kernel.boot();
    const socket = vnet.routingSocket();
    vnet.interfaceAttach({ name: "epair0a" });
    expectBytes(socket, dump(24, "000: 18 00 05 11 02 00 65 70 61 69 72 30 61"));
  });

  it("[G.9.7] [RS-23] a new address is told of, then its network's route", () => {
    const { vnet0: vnet } = Kernel.boot({
      ...AS_GIVEN,
      interfaces: [{ name: "epair0a", lladdr: "02:00:00:00:00:0a", up: true }],
    });
    const socket = vnet.routingSocket({ protocol: 2 });
    vnet.addressAdd("epair0a", "192.0.2.2/24");
    const address = dump(
      124,
      `000: 7c 00 05 0c b4 00 00 00 00 00 00 00 02
       014: 10 02 00 00 ff ff ff 00
       024: 38 12 02 00 06 07 06 00 65 70 61 69
       030: 72 30 61 02 00 00 00 00 0a
       05c: 10 02 00 00 c0 00 02 02
       06c: 10 02 00 00 c0 00 02 ff`,
    );
    const route = dump(
      200,
      `000: c8 00 05 01 02 00 00 00 41 00 10 00 07
       098: 10 02 00 00 c0 00 02 00
       0a8: 10 12 02 00 06 00 00 00
       0b8: 10 02 00 00 ff ff ff 00`,
    );
    expectBytes(socket, address);
    expectBytes(socket, route);
    expect(readAll(socket).map(({ type }) => type)).toEqual(["NEWMADDR"]);
  });
});
