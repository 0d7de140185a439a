// The codec's neighbour: bytes in, values out, and back.

import { describe, expect, it } from "vitest";
import { AF } from "../../assembly/abi/inet.js";
import { NTF, NUD, RTM } from "../../assembly/abi/rtnetlink.js";
import { Client } from "../../host/client/client.js";
import { decode } from "../../host/codec/decode.js";
import { describe as described } from "../../host/codec/describe.js";
import { encode } from "../../host/codec/encode.js";
import { neighbour } from "../../host/codec/neighbour.js";
import { getNeighbours } from "../route/neighbours.js";
import { codeOf, concat, drain, toHex } from "../support/messages.js";
import { AS_GIVEN, setupE } from "../support/setups.js";

const MAC = "02:00:00:00:00:07";

describe("a neighbour message", () => {
  it("[D.1.1] [D.1.2] [D.2.3] is read as the kernel writes it, and written back byte for byte", () => {
    const { vnet, socket } = setupE();
    vnet.addressAdd("em0", "2001:db8::1/64");
    vnet.neighbourResolve("em0", "192.0.2.7");
    socket.send(getNeighbours());
    const bytes = concat(...drain(socket).map((seen) => seen.bytes));
    const messages = decode(bytes);
    expect(messages.map((each) => (each.kind === "neighbour" ? each.body.destination : each.kind))).toEqual([
      "192.0.2.1",
      "192.0.2.7",
      "2001:db8::1",
      "fe80::ff:fe00:a",
      "done",
    ]);
    expect(toHex(concat(...messages.map((message) => encode(message))))).toBe(toHex(bytes));
    const own = messages.find((each) => each.kind === "neighbour" && each.body.destination === "192.0.2.1");
    expect(own?.body).toMatchObject({
      family: AF.INET,
      index: 2,
      state: NUD.REACHABLE,
      flags: NTF.SELF | NTF.STICKY,
      lladdr: "02:00:00:00:00:0a",
      probes: 0,
      cacheInfo: { references: 1 },
      freebsd: { nextStateAt: 0 },
    });
  });

  it("[D.1.1] is described in one line", () => {
    const message = neighbour.message(
      RTM.NEWNEIGH,
      { seq: 1 },
      {
        family: AF.INET,
        index: 2,
        state: NUD.PROBE,
        flags: NTF.ROUTER,
        destination: "192.0.2.7",
        lladdr: MAC,
        probes: 3,
      },
    );
    const text = described(message);
    expect(text).toContain("RTM_NEWNEIGH");
    expect(text).toContain(`192.0.2.7 lladdr ${MAC} dev 2 state PROBE flags ROUTER probes 3`);
  });
});

describe("the client's neighbours", () => {
  it("[D.2] [D.3] [D.4] are read, added, replaced and deleted", () => {
    const { kernel, vnet } = setupE(AS_GIVEN);
    const client = new Client(vnet.socket());
    client.neighbourAdd("192.0.2.7", { index: 2, lladdr: MAC });
    expect(codeOf(() => client.neighbourAdd("192.0.2.7", { index: 2, lladdr: MAC }))).toBe("EEXIST");
    expect(client.neighbour("192.0.2.7", 2)).toMatchObject({ lladdr: MAC, flags: NTF.STICKY, state: NUD.REACHABLE });
    const until = kernel.wallClock + 60;
    client.neighbourReplace("192.0.2.7", { index: 2, lladdr: MAC, until, proxy: true });
    expect(client.neighbour("192.0.2.7", 2)).toMatchObject({ flags: NTF.PROXY, freebsd: { nextStateAt: until } });
    expect(client.neighbours({ family: AF.INET, index: 2 }).map((each) => each.destination)).toContain("192.0.2.7");
    client.neighbourDelete("192.0.2.7", 2);
    expect(codeOf(() => client.neighbour("192.0.2.7", 2))).toBe("ESRCH");
    expect(codeOf(() => client.neighbourDelete("192.0.2.1", 2))).toBe("EPERM");
    expect(() => client.neighbourDelete("here", 2)).toThrow(RangeError);
  });
});
