// module: the kernel's modules, as kldstat, kldload and kldunload have them. A module that was stopped is told of by `list`.
import { loadModule, shippedModules } from "../../node/modulefile.js";
import { columns } from "./columns.js";
import type { Noun } from "./noun.js";

const WORDS = ["netlink", "nlsysevent", "carp", "linux_common", "ktest", ...shippedModules()];

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
        for (const { module, reason, detail } of session.kernel.moduleFaults) {
          session.print(`${module} was stopped: ${reason}: ${detail}`);
        }
      },
    },
    load: {
      usage: "NAME | FILE.wasm",
      words: WORDS,
      run(words, session) {
        const module = words.next("the name of a module, or its file");
        words.end();
        loadModule(session.kernel, module);
      },
    },
    unload: {
      usage: "NAME",
      words: WORDS,
      run(words, session) {
        const name = words.next("the name of a module");
        words.end();
        session.kernel.kldunload(name);
      },
    },
  },
};
