// The C reader (bench/reader.c) on a kernel, and the files of routes that it loads.
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, existsSync, openSync, writeSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { AF } from "../../../assembly/abi/inet.js";
import { NetlinkSize, NlMsgHdr } from "../../../assembly/abi/netlink.js";
import { RtMsg } from "../../../assembly/abi/rtnetlink.js";
import { RouteBatches } from "../../table/batches.js";
import type { Table } from "../../table/table.js";
import { CommandError, Status } from "../status.js";

/** Made by npm run build where there is a C compiler. */
const PROGRAM = fileURLToPath(new URL("../../../nlvm-reader", import.meta.url));

const LINUX_AF_INET6 = 10;
const LINUX_TABLE_MAIN = 254;

/** What an order is answered with. */
export interface ReaderAnswer {
  readonly index?: number;
  readonly routes?: number;
  readonly nanoseconds?: number;
}

/** A reader that is running. One order at a time. */
export class Reader {
  readonly #child: ChildProcess;
  readonly #answers: AsyncIterator<string>;
  readonly #exit: Promise<number>;

  /** @param command - what gives the reader its kernel; it is followed by the reader's path */
  constructor(command: readonly string[]) {
    const [program = PROGRAM, ...args] = [...command, PROGRAM];
    this.#child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] });
    this.#exit = new Promise((resolve, reject) => {
      this.#child.once("error", reject);
      this.#child.once("close", (status) => resolve(status ?? Status.FAILURE));
    });
    const input = this.#child.stdout as NodeJS.ReadableStream;
    this.#answers = createInterface({ input })[Symbol.asyncIterator]();
  }

  /**
   * @param order - one line, as bench/reader.c lists them
   * @throws CommandError the reader ended instead of answering; what it said has been shown
   */
  async order(order: string): Promise<ReaderAnswer> {
    this.#child.stdin?.write(`${order}\n`);
    const { value, done } = await this.#answers.next();
    if (done) {
      const status = await this.#exit;
      const isMissing = status === Status.MISSING_PREREQUISITE;
      throw new CommandError(isMissing ? Status.MISSING_PREREQUISITE : Status.FAILURE, `bench: ${order}: refused`);
    }
    return JSON.parse(value) as ReaderAnswer;
  }

  /** Ends it and waits for its end. */
  async close(): Promise<void> {
    this.#child.stdin?.end();
    await this.#exit;
  }
}

/** Whether the reader was built. */
export function hasReader(): boolean {
  return existsSync(PROGRAM);
}

/** Writes a table as the reader loads it: batches of RTM_NEWROUTE in Linux's form, each behind its length. */
export function writeBatches(path: string, table: Table, interfaceIndex: number): void {
  const batches = new RouteBatches(table, { interfaceIndex });
  const file = openSync(path, "w");
  const length = new DataView(new ArrayBuffer(4));
  try {
    for (let batch = batches.next(); batch !== undefined; batch = batches.next()) {
      toLinux(batch);
      length.setUint32(0, batch.length, true);
      writeSync(file, new Uint8Array(length.buffer));
      writeSync(file, batch);
    }
  } finally {
    closeSync(file);
  }
}

/** Changes in place what Linux numbers otherwise in these messages: the family, and the main table. */
function toLinux(batch: Uint8Array): void {
  const view = new DataView(batch.buffer, batch.byteOffset, batch.byteLength);
  for (let at = 0; at < batch.length; at += view.getUint32(at + NlMsgHdr.LEN, true)) {
    const rtmsg = at + NetlinkSize.NLMSGHDR;
    if (view.getUint8(rtmsg + RtMsg.FAMILY) === AF.INET6) view.setUint8(rtmsg + RtMsg.FAMILY, LINUX_AF_INET6);
    view.setUint8(rtmsg + RtMsg.TABLE, LINUX_TABLE_MAIN);
  }
}
