// The parts of the manual pages that come from the code, as lines of mdoc: what a page's source names by `.\" @name argument`.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { wholeProgram } from "../../build/host/cli/main.js";
import { NOUNS } from "../../build/host/cli/shell/shell.js";
import { SCHEMAS } from "../../build/host/codec/messages.js";
import { ROUTING_SCHEMAS, SLOTS } from "../../build/host/codec/routing.js";
import { IMPORTED, OPTIONAL_EXPORTS, REQUIRED_EXPORTS } from "../../build/host/kernel/module/file.js";
import { ModuleLimit, ModuleStep } from "../../build/host/kernel/module/limits.js";
import { NETLINK_SYSCTLS, VNET_SYSCTLS } from "../../build/host/kernel/sysctls.js";
import { CONFIG } from "../../build/host/node/shapes.js";
import { root } from "./command.mjs";
import { argument, plain, rows, sentence, tagged } from "./mdoc.mjs";

/** @typedef {(argument: string) => string[] | Promise<string[]>} Table */

/** @type {Record<string, Table>} */
export const TABLES = {
  commands,
  nouns,
  message,
  routingMessages,
  sockaddrs,
  specification,
  sysctls,
  configuration,
  imports,
  exports,
  limits,
};

/** The commands of nlvm with their arguments and options. */
async function commands() {
  const program = await wholeProgram();
  return tagged(
    program.commands
      .filter((command) => command.name() !== "help")
      .map((command) => {
        const given = command.registeredArguments.map((each) => {
          const name = `Ar ${argument(each.name())}${each.variadic ? " ..." : ""}`;
          return each.required ? name : `Op ${name}`;
        });
        const options = command.options.map(
          (option) => /** @type {const} */ ([optionTag(option), [optionText(option)]]),
        );
        return [
          `Cm ${argument(command.name())} ${given.join(" ")}`.trim(),
          [sentence(capital(command.description())), ...tagged(options)],
        ];
      }),
  );
}

/** @param {import("commander").Option} option */
function optionTag({ flags }) {
  const [names = "", value] = flags.split(/ (?=[<[])/);
  const name = names.replace(/^--/, "");
  return `Fl -${name}${value === undefined ? "" : ` Ar ${argument(value.slice(1, -1))}`}`;
}

/** @param {import("commander").Option} option */
function optionText({ description, argChoices, defaultValue }) {
  const choices = argChoices === undefined ? "" : `; one of ${argChoices.join(", ")}`;
  const byDefault = ["string", "number"].includes(typeof defaultValue) ? `; default ${defaultValue}` : "";
  // The path of the server's socket depends on who asks.
  const text = description.replace(/ \(default: [^)]*\.sock\)/, "");
  return sentence(capital(`${text}${choices}${byDefault}`));
}

/** @param {string} text */
function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** The nouns and verbs of the shell. */
function nouns() {
  return tagged(
    NOUNS.map((noun) => [
      `Cm ${argument(noun.name)}`,
      [
        sentence(capital(noun.summary)),
        ".Bl -item -compact",
        ...Object.entries(noun.verbs).flatMap(([verb, { usage }]) => [
          ".It",
          `.Cm ${argument(noun.name)} ${argument(verb)}`,
          ...(usage === "" ? [] : [plain(usage)]),
        ]),
        ".El",
      ],
    ]),
  );
}

/** A message of the codec by its kind: its types, the fields of its header, its attributes and those inside them. @param {string} kind */
function message(kind) {
  const schema = SCHEMAS.find((each) => each.kind === kind);
  if (schema === undefined)
    throw new RangeError(`message "${kind}"; expected one of ${SCHEMAS.map((each) => each.kind)}`);
  const types = [...schema.types.values()].map((name) => `.Dv ${name}`);
  const header = Object.values(schema.header.fields);
  const inside = new Map();
  collectNests(schema.table.list, inside);
  return [
    "Types:",
    ...separated(types),
    ...(header.length === 0
      ? []
      : [
          ".Pp",
          "The message begins with a",
          `.Vt "${schema.header.name}" :`,
          ...rows(header.map(([name, each]) => [`Va ${argument(name)}`, each.name])),
        ]),
    ...(schema.table.list.length === 0 ? [] : [".Pp", "Attributes:", ...attributeRows(schema.table.list)]),
    ...[...inside].flatMap(([name, list]) => [".Pp", `Inside ${plain(name)}:`, ...attributeRows(list)]),
  ];
}

/** @param {string[]} macros */
function separated(macros) {
  return macros.map((macro, i) => (i < macros.length - 1 ? `${macro} ,` : `${macro} .`));
}

/** @typedef {readonly { readonly label: string, readonly kind: { readonly name: string, readonly inside?: any } }[]} Attributes */

/** @param {Attributes} list */
function attributeRows(list) {
  return rows(list.map(({ label, kind }) => [`Dv ${label}`, kind.name]));
}

/** @param {Attributes} list @param {Map<string, Attributes>} found */
function collectNests(list, found) {
  for (const { label, kind } of list) {
    if (kind.inside === undefined || found.has(label)) continue;
    found.set(label, kind.inside);
    collectNests(kind.inside, found);
  }
}

/** The headers of routing sockets' messages. */
function routingMessages() {
  return Object.values(ROUTING_SCHEMAS).flatMap((schema) => [
    ".Pp",
    `.Vt "${schema.name}" :`,
    ...rows(Object.values(schema.fields).map(([name, each]) => [`Va ${argument(name)}`, each.name])),
  ]);
}

/** The sockaddrs behind them, by bit. */
function sockaddrs() {
  return rows(SLOTS.map((slot, bit) => [`Li 0x${(1 << bit).toString(16)}`, slot]));
}

/** A family as its specification has it: operations, attributes, groups. @param {string} name */
function specification(name) {
  const {
    operations,
    "attribute-sets": sets,
    "mcast-groups": groups,
  } = parse(readFileSync(join(root, `specs/${name}.yaml`), "utf8"));
  const heard = (groups?.list ?? []).map((/** @type {{ name: string }} */ each) => `.Qq ${argument(each.name)}`);
  return [
    "Operations:",
    ...rows(
      operations.list.map((/** @type {SpecItem} */ each) => [`Cm ${argument(each.name)}`, sentence(each.doc ?? "")]),
    ),
    ...sets.flatMap((/** @type {{ name: string, attributes: SpecItem[] }} */ set) => [
      ".Pp",
      `Attributes of ${plain(set.name)}:`,
      ...rows(
        set.attributes.map((each) => [
          `Cm ${argument(each.name)}`,
          each.doc ? `${each.type}; ${each.doc}` : `${each.type}`,
        ]),
      ),
    ]),
    ...(heard.length === 0 ? [] : [".Pp", "Groups:", ...separated(heard)]),
  ];
}

/** @typedef {{ name: string, doc?: string, type?: string }} SpecItem */

/** Sysctls; @param {string} whose - netlink's or the stack's */
function sysctls(whose) {
  const names = whose === "netlink" ? NETLINK_SYSCTLS.keys() : VNET_SYSCTLS.keys();
  return [".Bl -item -compact", ...[...names].flatMap((name) => [".It", `.Va ${name}`]), ".El"];
}

/** The keys at the top of a configuration file. */
function configuration() {
  return tagged(
    Object.entries(CONFIG.fields).map(([key, { byDefault, meaning }]) => [
      `Cm ${argument(key)}`,
      [sentence(meaning), sentence(`Default: ${byDefault}`)],
    ]),
  );
}

/** What a module may import. */
function imports() {
  return rows([...IMPORTED].map(([name, type]) => [`Fn ${name}`, type]));
}

/** What a module exports, "required" or "optional". @param {string} which */
function exports(which) {
  const list = which === "required" ? REQUIRED_EXPORTS : OPTIONAL_EXPORTS;
  return rows(Object.entries(list).map(([name, type]) => [`Fn ${name}`, type]));
}

/** What a module may use. */
function limits() {
  return rows(
    [...Object.entries(ModuleLimit), ...Object.entries(ModuleStep)].map(([name, value]) => [
      `Dv ${name}`,
      String(value),
    ]),
  );
}
