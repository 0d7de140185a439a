// module: the kernel's modules, as kldstat, kldload and kldunload have them.
import { columns } from "./columns.js";
import type { Noun } from "./noun.js";

export const module: Noun = {
  name: "module",
  summary: "kernel modules",
  verbs: {
    list: {
      usage: "",
      run(words, session) {
        words.end();
        const rows = session.kernel.kldstat().map(({ id, references, name }) => [String(id), String(references), name]);
        session.print(...columns([["Id", "Refs", "Name"], ...rows]));
      },
    },
    load: {
      usage: "NAME",
      words: ["netlink", "nlsysevent", "linux_common"],
      run(words, session) {
        const name = words.next("the name of a module");
        words.end();
        session.kernel.kldload(name);
      },
    },
    unload: {
      usage: "NAME",
      words: ["netlink", "nlsysevent", "linux_common"],
      run(words, session) {
        const name = words.next("the name of a module");
        words.end();
        session.kernel.kldunload(name);
      },
    },
  },
};
