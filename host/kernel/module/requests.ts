// Messages for families outside the core: from where they wait in a core to their handler, and the answers back.

import { Errno } from "../../../assembly/abi/errno.js";
import { Attention, AwaitedLayout } from "../../../assembly/abi/exchange.js";
import { NlMsgHdr } from "../../../assembly/abi/netlink.js";
import type { RelayPort } from "../relay.js";
import { Answers } from "./answers.js";
import { checkedErrno, Fault } from "./fault.js";
import { type FamilyHandler, StoppedTest } from "./handler.js";
import { ModuleInstance } from "./instance.js";
import type { Work } from "./work.js";

export interface RequestsOwner {
  /** Who has a family; there is one for each message that waits. */
  handlerOf(family: number): FamilyHandler;
  /** A module did what no module may do. */
  stop(instance: ModuleInstance, fault: Fault): void;
}

/** Messages that wait in a core, one behind the other. */
interface Batch {
  /** Address of the first. */
  readonly at: number;
  readonly bytes: number;
  readonly count: number;
  /** Bytes of answers from which on no further message is handled. */
  readonly room: number;
}

interface Outcome {
  /** Messages handled. */
  readonly done: number;
  /** How it ended early, and whose fault that was. */
  readonly fault?: Fault;
  readonly culprit?: ModuleInstance;
  /** An error of the kernel's own, thrown when its core no longer waits. */
  readonly defect?: unknown;
}

/** What the answer to a message takes at most besides what the module answers: an ack with the request and an ext ack. */
const ACK_BYTES = 512;

export class Requests {
  readonly #owner: RequestsOwner;
  readonly #answers = new Answers();
  /** The call that was interrupted has something left to process. */
  #mayResume = false;

  constructor(owner: RequestsOwner) {
    this.#owner = owner;
  }

  /**
   * Answers what waits in a core, and lets the call that was interrupted go on, until nothing waits.
   * @returns the number of messages processed
   */
  serve(port: RelayPort): number {
    let processed = 0;
    do {
      processed += this.answer(port);
      if (!this.#mayResume) return processed;
      port.prepare();
      processed += port.core.call.externalResume();
    } while (port.takeAttention() & Attention.EXTERNAL);
    return processed;
  }

  /** Answers the messages that wait in a core, or the first of them. @returns how many */
  answer(port: RelayPort): number {
    const { call, views } = port.core;
    const record = port.awaited >>> 2;
    const word = (offset: AwaitedLayout): number => views.words[record + (offset >>> 2)] as number;
    const batch: Batch = {
      at: word(AwaitedLayout.MESSAGES),
      bytes: word(AwaitedLayout.BYTES),
      count: word(AwaitedLayout.COUNT),
      room: word(AwaitedLayout.ROOM),
    };
    const handler = this.#owner.handlerOf(views.data.getUint16(batch.at + NlMsgHdr.TYPE, true));
    const answers = this.#answers;
    const { done, fault, culprit, defect } = this.#handle(handler, port, batch);
    const place = call.externalReserve(answers.length) >>> 0;
    if (place !== 0) answers.copyTo(views.bytes, place);
    this.#mayResume = call.externalAnswer(place, answers.length, done) !== 0;
    if (fault !== undefined && culprit !== undefined) this.#owner.stop(culprit, fault);
    if (defect !== undefined) throw defect;
    return done;
  }

  /** Has messages handled, until the answers could fill the requester's receive queue. */
  #handle(handler: FamilyHandler, { core, number }: RelayPort, batch: Batch): Outcome {
    const answers = this.#answers;
    const { data, bytes } = core.views;
    const work: Work = { vnet: number, answers, occasion: "request" };
    answers.clear();
    let at = 0;
    let bound = 0;
    let done = 0;
    try {
      const place = handler.requestPlace(batch.bytes, work);
      if (place === 0) {
        answers.end(Errno.ENOMEM);
        return { done: 1 };
      }
      handler.write(place, bytes, batch.at, batch.bytes);
      while (done < batch.count && (done === 0 || bound + answers.payload < batch.room)) {
        const length = data.getUint32(batch.at + at + NlMsgHdr.LEN, true);
        answers.end(checkedErrno(handler.handle(place + at, length, work)));
        done++;
        at += (length + 3) & ~3;
        bound += length + ACK_BYTES;
      }
      return { done };
    } catch (error) {
      const culprit = error instanceof StoppedTest ? error.instance : handler;
      const fault = error instanceof StoppedTest ? error.cause : error;
      answers.rewind();
      if (!(fault instanceof Fault) || !(culprit instanceof ModuleInstance)) {
        answers.end(Errno.EIO);
        return { done: done + 1, defect: error };
      }
      const text = new TextEncoder().encode(`module ${culprit.name} was stopped: ${fault.reason}`);
      answers.report(text, 0, text.length);
      answers.end(Errno.EIO);
      return { done: done + 1, fault, culprit };
    }
  }
}
