import { kernelTest } from "netlink-vm/vitest";
import { describe, expect } from "vitest";
import { linkNames } from "./linknames.js";

const test = kernelTest({ kernel: "machine.yaml" });

describe("link names", () => {
  test("are those of the machine", ({ kernel }) => {
    expect(linkNames(kernel.vnet0.socket())).toEqual(["lo0", "em0", "em1"]);
  });

  test("follow what happens to its links", ({ kernel }) => {
    const socket = kernel.vnet0.socket();
    kernel.vnet0.interfaceRename("em1", "uplink");
    kernel.vnet0.interfaceDetach("em0");
    expect(linkNames(socket)).toEqual(["lo0", "uplink"]);
  });
});
