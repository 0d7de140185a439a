// neigh: the neighbour tables, through RTM_GETNEIGH; what the kernel answers is shown message by message.
import { NLM_F } from "../../../assembly/abi/netlink.js";
import { HeaderSize, RTM } from "../../../assembly/abi/rtnetlink.js";
import { describe } from "../../codec/describe.js";
import type { Message } from "../../codec/messages.js";
import { NetlinkError } from "../../kernel/errno.js";
import type { Noun } from "./noun.js";
import type { Session } from "./session.js";
import { ShellError } from "./words.js";

export const neigh: Noun = {
  name: "neigh",
  summary: "neighbours",
  verbs: {
    show: {
      usage: "",
      run(words, session) {
        words.end();
        session.print(...neighbours(session).map((message) => describe(message)));
      },
    },
  },
};

/** @throws ShellError with the errno of a kernel that has no such request */
function neighbours(session: Session): Message[] {
  try {
    return session.withClient((client) =>
      client.request({
        kind: "unknown",
        header: { type: RTM.GETNEIGH, flags: NLM_F.DUMP, seq: 0, pid: 0 },
        body: { payload: new Uint8Array(HeaderSize.NDMSG) },
      }),
    );
  } catch (error) {
    if (!(error instanceof NetlinkError)) throw error;
    throw new ShellError(`neigh: the kernel answers RTM_GETNEIGH with ${error.code}`);
  }
}
