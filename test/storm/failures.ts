// Making the n-th allocation fail, for n = 1, 2, … until a call succeeds, and saying what came of each failure.
//   Picture         what the tables hold and what the core counts: equal pictures, nothing half done
//   eachFailure     the outcomes of a request or a call, in order of n, as one letter each
// The whole is done twice: slabs keep the blocks that the first round made them take, the second must leave no trace.

import { AF } from "../../assembly/abi/inet.js";
import { NLMSG } from "../../assembly/abi/netlink.js";
import { RTM } from "../../assembly/abi/rtnetlink.js";
import { Errno, type Kernel, NetlinkError, type Socket, type Vnet } from "../../host/kernel/kernel.js";
import { getNeighbours } from "../route/neighbours.js";
import {
  ackOf,
  ask,
  doneOf,
  drain,
  ifaddrmsg,
  ifinfomsg,
  message,
  rtmsg,
  type Seen,
  split,
} from "../support/messages.js";
import { expectWhole } from "./whole.js";

/**
 * What came of a failure:
 *   R  the call was refused with ENOBUFS, nothing changed
 *   M  a host's call was refused with ENOMEM, nothing changed
 *   S  no answer, nothing changed
 *   E  ENOMEM in the ack or in NLMSG_DONE, nothing changed
 *   P  whole messages of the answer, and no end of it; nothing changed
 *   L  no answer, or a part; all is done
 *   N  answered as without the failure, and a notification is lost; all is done
 *   C  as without the failure
 */
export type Outcome = "R" | "M" | "S" | "E" | "P" | "L" | "N" | "C";

/** A request or a call that is made again and again. */
export interface Attempt {
  readonly kernel: Kernel;
  readonly vnet: Vnet;
  /** Members of groups, open all the time: each hears of the change wholly or not at all. */
  readonly members?: readonly Socket[];
  /** Opens and begins what is under way when the attempt is made. */
  prepare?(): void;
  /** Ends what `prepare` began. */
  conclude?(): void;
  /** The call itself, on a socket just opened. @returns what was answered */
  act(socket: Socket): readonly Seen[];
  /** Takes back what a successful call did. */
  undo(): void;
}

/** Allocations that a call may take at most: a loop that goes on is a failure. */
const ALLOCATIONS_MAX = 200;
const FOLLOWING = 0xff01;

/** Tables as dumps show them, and what the core counts. */
type Picture = string;

function pictureOf(vnet: Vnet, watcher: Socket): Picture {
  const requests = [
    message({ type: RTM.GETLINK, flags: "qD" }, ifinfomsg()),
    message({ type: RTM.GETADDR, flags: "qD" }, ifaddrmsg()),
    message({ type: RTM.GETROUTE, flags: "qD" }, rtmsg({ family: AF.UNSPEC })),
    getNeighbours(),
  ];
  const tables = requests.map((request) => {
    watcher.send(request);
    return split(readAll(watcher)).map(hexOf).join("\n");
  });
  const { routes, nexthops, groups, userNexthops, neighbours, addresses, interfaces, ...rest } = vnet.statistics();
  const { sockets, buffers, bufferBytes, walks, runnable } = rest;
  const counts = {
    routes,
    nexthops,
    groups,
    userNexthops,
    neighbours,
    addresses,
    interfaces,
    sockets,
    buffers,
    bufferBytes,
    walks,
    runnable,
  };
  return `${tables.join("\n\n")}\n${JSON.stringify(counts)}`;
}

function hexOf({ bytes }: Seen): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("hex");
}

const ROOM = 1 << 20;

/** Everything queued, as it comes. */
export function readAll(socket: Socket): Buffer {
  const pieces: Buffer[] = [];
  const into = Buffer.alloc(ROOM);
  while (socket.poll().readable) pieces.push(Buffer.from(into.subarray(0, socket.recv(into))));
  return Buffer.concat(pieces);
}

/** What happened at one n. */
interface Trial {
  readonly refusal: string | undefined;
  readonly answer: readonly string[];
  readonly seen: readonly Seen[];
  readonly heard: readonly (readonly string[])[];
  readonly picture: Picture;
  readonly wasHit: boolean;
}

class Series {
  readonly #attempt: Attempt;
  readonly #watcher: Socket;
  readonly #before: Picture;
  readonly #reference: Trial;

  constructor(attempt: Attempt) {
    this.#attempt = attempt;
    this.#watcher = attempt.vnet.socket();
    this.#before = this.#picture();
    this.#reference = this.#try(0);
    if (this.#reference.refusal !== undefined) throw new Error(`without failure: ${this.#reference.refusal}`);
    this.#takeBack();
  }

  #picture(): Picture {
    return pictureOf(this.#attempt.vnet, this.#watcher);
  }

  #takeBack(): void {
    this.#attempt.undo();
    for (const member of this.#attempt.members ?? []) drain(member);
    const now = this.#picture();
    if (now !== this.#before) throw new Error(`undo: not as it was:\n${differences(this.#before, now)}`);
  }

  /** One attempt whose n-th allocation fails; 0 = none. */
  #try(n: number): Trial {
    const { vnet, members = [] } = this.#attempt;
    this.#attempt.prepare?.();
    const socket = vnet.socket();
    const failuresBefore = vnet.statistics().allocationFailures;
    vnet.failAllocation(n);
    let refusal: string | undefined;
    let seen: readonly Seen[] = [];
    try {
      seen = this.#attempt.act(socket);
    } catch (error) {
      if (!(error instanceof NetlinkError)) throw error;
      refusal = error.code;
    }
    vnet.failAllocation(0);
    const wasHit = vnet.statistics().allocationFailures > failuresBefore;
    expectWhole(seen);
    this.#expectFollowing(socket);
    socket.close();
    const heard = members.map((member) => drain(member).map(hexOf));
    this.#attempt.conclude?.();
    const fault = vnet.check();
    if (fault !== 0) throw new Error(`allocation ${n}: check: ${fault}`);
    const answer = seen.map(hexOf);
    return { refusal, answer, seen, heard, picture: this.#picture(), wasHit };
  }

  /** The socket that met the failure answers its next request. */
  #expectFollowing(socket: Socket): void {
    const index = this.#attempt.vnet.interfaceIndex("lo0") ?? 0;
    const seen = ask(socket, message({ type: RTM.GETLINK, flags: "qa", seq: FOLLOWING }, ifinfomsg({ index })));
    const types = seen.filter(({ seq }) => seq === FOLLOWING).map(({ type }) => type);
    if (types.join() !== `${RTM.NEWLINK},${NLMSG.ERROR}`) throw new Error(`following request: answers ${types}`);
  }

  #outcomeOf(n: number, trial: Trial): Outcome {
    const isDone = trial.picture === this.#reference.picture;
    const isUndone = trial.picture === this.#before;
    if (!isDone && !isUndone)
      throw new Error(`allocation ${n}: half done:\n${differences(this.#before, trial.picture)}`);
    this.#expectHeard(n, trial, isDone);
    if (trial.refusal !== undefined) {
      if (!isUndone) throw new Error(`allocation ${n}: ${trial.refusal}, and done all the same`);
      if (trial.refusal === "ENOBUFS") return "R";
      if (trial.refusal === "ENOMEM") return "M";
      throw new Error(`allocation ${n}: ${trial.refusal}`);
    }
    const isWhole = trial.answer.join() === this.#reference.answer.join();
    if (isWhole && isDone) return trial.heard.join() === this.#reference.heard.join() ? "C" : "N";
    const isRefused = errnoOf(trial.seen.at(-1)) === Errno.ENOMEM;
    const told = isRefused ? trial.answer.slice(0, -1) : trial.answer;
    if (!told.every((each, i) => each === this.#reference.answer[i])) {
      const brief = trial.seen.slice(0, 3).map(briefly).join(", ");
      throw new Error(`allocation ${n}: ${trial.seen.length} messages are no beginning of the right answer: ${brief}`);
    }
    if (isRefused && !isUndone) throw new Error(`allocation ${n}: ENOMEM, and done all the same`);
    if (isRefused) return "E";
    if (!isUndone) return "L";
    return trial.answer.length === 0 ? "S" : "P";
  }

  /** A change that was not made is told to nobody; one that was, wholly or not at all. */
  #expectHeard(n: number, { heard }: Trial, isDone: boolean): void {
    heard.forEach((each, i) => {
      const whole = this.#reference.heard[i] ?? [];
      const isPart = each.every((one) => whole.includes(one));
      if (!isPart || (!isDone && each.length > 0)) {
        throw new Error(`allocation ${n}: member ${i} heard ${each.join(" ")}; expected ${whole.join(" ")} or nothing`);
      }
    });
  }

  /** All n until no allocation fails. */
  run(): { outcomes: Outcome[]; blockBytes: number[] } {
    const outcomes: Outcome[] = [];
    const blockBytes: number[] = [];
    for (let n = 1; n <= ALLOCATIONS_MAX; n++) {
      const trial = this.#try(n);
      const outcome = this.#outcomeOf(n, trial);
      if (trial.picture !== this.#before) this.#takeBack();
      blockBytes.push(this.#attempt.vnet.statistics().blockBytes);
      if (!trial.wasHit) {
        if (outcome !== "C") throw new Error(`allocation ${n}: no failure, and the outcome is ${outcome}`);
        return { outcomes, blockBytes };
      }
      outcomes.push(outcome);
    }
    throw new Error(`more than ${ALLOCATIONS_MAX} allocations`);
  }

  end(): void {
    this.#watcher.close();
  }
}

function errnoOf(last: Seen | undefined): number | undefined {
  if (last?.type === NLMSG.ERROR) return ackOf(last).error;
  return last?.type === NLMSG.DONE ? doneOf(last) : undefined;
}

function briefly(seen: Seen): string {
  return `type ${seen.type} seq ${seen.seq} errno ${errnoOf(seen) ?? "-"}`;
}

/** The lines of two pictures that differ. */
function differences(before: Picture, after: Picture): string {
  const [old, now] = [before.split("\n"), after.split("\n")];
  const gone = old.filter((line) => !now.includes(line)).map((line) => `- ${line.slice(0, 240)}`);
  const come = now.filter((line) => !old.includes(line)).map((line) => `+ ${line.slice(0, 240)}`);
  return [...gone, ...come].slice(0, 12).join("\n");
}

/**
 * The outcomes for n = 1, 2, …, one letter each, up to the last n that met an allocation.
 * @throws Error when something is half done, wrongly answered, or left behind
 */
export function eachFailure(attempt: Attempt): string {
  const series = new Series(attempt);
  const first = series.run();
  const settled = attempt.vnet.statistics().blockBytes;
  const second = series.run();
  series.end();
  if (first.outcomes.join() !== second.outcomes.join()) {
    throw new Error(`outcomes ${first.outcomes.join("")}, then ${second.outcomes.join("")}`);
  }
  const leak = second.blockBytes.findIndex((bytes) => bytes !== settled);
  if (leak !== -1)
    throw new Error(`allocation ${leak + 1}: ${second.blockBytes[leak]} bytes of blocks; expected ${settled}`);
  return second.outcomes.join("");
}
