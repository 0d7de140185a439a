// genl: families of generic netlink, their groups and their commands. What a command takes and gives is JSON, by the names
// of the family's YNL specification.
import { GENL_OP } from "../../../assembly/abi/genetlink.js";
import type { GenericClient, KnownFamily } from "../../client/client.js";
import { CodecError } from "../../codec/bytes.js";
import { readSpecification } from "../../node/specfile.js";
import { ConfigError } from "../../yaml/configerror.js";
import { type Specification, SpecificationError } from "../../ynl/specification.js";
import { columns } from "./columns.js";
import type { Noun, Verb } from "./noun.js";
import type { Session } from "./session.js";
import { ShellError, type Words } from "./words.js";

type Mode = "do" | "dump";

function performing(mode: Mode): Verb {
  return {
    usage: "FAMILY OPERATION [JSON] [--spec F.yaml]",
    candidates(before, session) {
      const [family, ...more] = before;
      if (family === undefined) return familyNames(session);
      if (more.length > 0) return more.includes("--spec") ? [] : ["--spec"];
      const operations = session.specificationOf(family)?.operations ?? [];
      return operations.flatMap((each) => ((mode === "do" ? each.isDo : each.isDump) ? [each.name] : []));
    },
    run(words, session) {
      const family = familyIn(words);
      const operation = words.next("an operation");
      const { values, file } = argumentsIn(words);
      session.withGeneric((client) => perform(client, session, { family, operation, mode, values, file }));
    },
  };
}

export const genl: Noun = {
  name: "genl",
  summary: "families of generic netlink",
  verbs: {
    list: {
      usage: "",
      run(words, session) {
        words.end();
        const rows = session.withGeneric((client) => client.families().map(rowOf));
        session.print(...columns([["Id", "Name", "Version", "Hdrsize", "Maxattr", "Commands", "Groups"], ...rows]));
      },
    },
    show: {
      usage: "FAMILY",
      candidates: (before, session) => (before.length === 0 ? familyNames(session) : []),
      run(words, session) {
        const name = familyIn(words);
        words.end();
        const family = session.withGeneric((client) => client.family(name));
        session.print(...familyLines(family, session.specificationOf(family.name)));
      },
    },
    monitor: {
      usage: "FAMILY [GROUP]…",
      candidates(before, session) {
        const [family] = before;
        if (family === undefined) return familyNames(session);
        const { groups = [] } = session.withGeneric((client) => client.family(family));
        return groups.flatMap(({ name }) => name ?? []);
      },
      run(words, session) {
        const family = familyIn(words);
        const groups: string[] = [];
        while (!words.isAtEnd) groups.push(words.next("a group"));
        session.startGenericMonitor(family, groups.length === 0 ? undefined : groups);
      },
    },
    do: performing("do"),
    dump: performing("dump"),
  },
};

function familyNames(session: Session): string[] {
  return session.withGeneric((client) => client.families().map(({ name }) => name));
}

/** A family by its name, or its id. */
function familyIn(words: Words): string | number {
  const word = words.next("a family, by name or id");
  return /^\d+$/.test(word) ? Number(word) : word;
}

/** The JSON and the specification of a request, in any order. */
function argumentsIn(words: Words): { values: object; file: string | undefined } {
  let values: object | undefined;
  let file: string | undefined;
  while (!words.isAtEnd) {
    const word = words.next("JSON");
    if (word === "--spec" && file === undefined) file = words.next("the file of a specification");
    else if (word.startsWith("{") && values === undefined) values = objectOf(word);
    else throw new ShellError(`${words.noun}: "${word}"; expected JSON like {"data":"0102"}, --spec F.yaml`);
  }
  return { values: values ?? {}, file };
}

function objectOf(word: string): object {
  try {
    return JSON.parse(word) as object;
  } catch (error) {
    throw new ShellError(
      `genl: ${word}: ${(error as Error).message}; expected JSON, in single quotes where it has spaces`,
    );
  }
}

interface Asked {
  readonly family: string | number;
  readonly operation: string;
  readonly mode: Mode;
  readonly values: object;
  readonly file: string | undefined;
}

/** Prints each answer, as JSON in a line. */
function perform(client: GenericClient, session: Session, { family, operation, mode, values, file }: Asked): void {
  const { name } = client.family(family);
  try {
    const specification = file === undefined ? session.specificationOf(name) : readSpecification(file);
    if (specification === undefined) throw new ShellError(`genl: no specification of ${name}; expected --spec F.yaml`);
    if (specification.name !== name) {
      throw new ShellError(`genl: ${file} describes ${specification.name}; expected a specification of ${name}`);
    }
    for (const answer of client[mode](specification, operation, values)) {
      const said = specification.valuesOf(answer);
      if (said !== undefined) session.print(JSON.stringify(said));
    }
  } catch (error) {
    if (error instanceof SpecificationError || error instanceof CodecError || error instanceof ConfigError) {
      throw new ShellError(error instanceof ConfigError ? error.message : `genl: ${withoutPlace(error.message)}`);
    }
    throw error;
  }
}

/** Where in the message a value did not fit means nothing to who typed JSON; the name of the attribute does. */
function withoutPlace(message: string): string {
  return message.replace(/^message \d+, byte \d+, (nlmsghdr: )?/, "");
}

function rowOf({ id, name, version, hdrsize, maxattr, operations = [], groups = [] }: KnownFamily): string[] {
  const numbers = [version, hdrsize, maxattr].map((each) => String(each ?? 0));
  return [String(id), name, ...numbers, String(operations.length), String(groups.length)];
}

/** A family, its commands by the names that a specification has for them, and its groups. */
function familyLines(family: KnownFamily, specification: Specification | undefined): string[] {
  const { id, name, version = 0, hdrsize = 0, maxattr = 0, operations = [], groups = [] } = family;
  const named = new Map(specification?.operations.map((each) => [each.request, each.name]));
  const commands = operations.map((each) => [
    `  ${each.id ?? ""}`,
    named.get(each.id) ?? "",
    flagNames(each.flags ?? 0),
  ]);
  return [
    `${name}: id ${id} version ${version} hdrsize ${hdrsize} maxattr ${maxattr}`,
    ...(commands.length > 0 ? columns([["  Command", "Name", "Flags"], ...commands]) : []),
    ...(groups.length > 0
      ? columns([["  Group", "Name"], ...groups.map((each) => [`  ${each.id}`, each.name ?? ""])])
      : []),
  ];
}

function flagNames(flags: number): string {
  const bits = Object.entries(GENL_OP).filter((entry): entry is [string, GENL_OP] => typeof entry[1] === "number");
  return bits.flatMap(([name, bit]) => ((flags & bit) !== 0 ? [name.toLowerCase()] : [])).join(",");
}
