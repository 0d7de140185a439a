// vnet: virtual network stacks, and which of them the other commands speak to.
import type { Noun } from "./noun.js";
import type { Session } from "./session.js";
import { ShellError, type Words } from "./words.js";

function nameIn(words: Words): string {
  const name = words.next("the name of a vnet");
  words.end();
  return name;
}

function names(session: Session): string {
  return session.kernel.vnets.map(({ name }) => name).join(", ");
}

export const vnet: Noun = {
  name: "vnet",
  summary: "virtual network stacks",
  verbs: {
    list: {
      usage: "",
      run(words, session) {
        words.end();
        for (const { name } of session.kernel.vnets) session.print(`${name === session.vnet.name ? "*" : " "} ${name}`);
      },
    },
    create: {
      usage: "NAME",
      run(words, session) {
        const name = nameIn(words);
        if (session.kernel.vnet(name)) throw new ShellError(`vnet: "${name}" is there already; expected another name`);
        session.kernel.vnetCreate(name);
      },
    },
    destroy: {
      usage: "NAME",
      run(words, session) {
        const name = nameIn(words);
        if (!session.kernel.vnet(name)) throw new ShellError(`vnet: no "${name}"; expected one of ${names(session)}`);
        if (name === session.kernel.vnet0.name) throw new ShellError(`vnet: "${name}" lives as long as the kernel`);
        if (name === session.vnet.name) {
          session.stopMonitor();
          session.vnet = session.kernel.vnet0;
        }
        session.kernel.vnetDestroy(name);
      },
    },
    enter: {
      usage: "NAME",
      run(words, session) {
        const name = nameIn(words);
        const found = session.kernel.vnet(name);
        if (!found) throw new ShellError(`vnet: no "${name}"; expected one of ${names(session)}`);
        session.stopMonitor();
        session.vnet = found;
      },
    },
  },
};
