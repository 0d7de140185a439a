// The shell: finds the noun of a line and runs it; offers what could come next. One file a noun beside this one.
import { NetlinkError } from "../../kernel/errno.js";
import { addr } from "./addr.js";
import { clock } from "./clock.js";
import { genl } from "./genl.js";
import { helpLines } from "./help.js";
import { link } from "./link.js";
import { module } from "./module.js";
import { monitor } from "./monitor.js";
import { neigh } from "./neigh.js";
import { nexthop } from "./nexthop.js";
import { type Noun, runNoun } from "./noun.js";
import { peer } from "./peer.js";
import { route } from "./route.js";
import type { Session } from "./session.js";
import { vnet } from "./vnet.js";
import { ShellError, splitLine, Words } from "./words.js";

/** In the order of the help. */
export const NOUNS: readonly Noun[] = [link, addr, route, nexthop, neigh, peer, genl, monitor, module, vnet, clock];
/** Commands that are one word. */
const WORDS = ["help", "exit", "quit"] as const;

const NAMES: readonly string[] = [...NOUNS.map(({ name }) => name), ...WORDS];

/**
 * Runs one line; an empty one and one that begins with # do nothing.
 * @throws ShellError a word that does not fit; NetlinkError what the kernel answers
 */
export function runLine(line: string, session: Session): void {
  if (line.trimStart().startsWith("#")) return;
  const [first, ...rest] = splitLine(line);
  if (first === undefined) return;
  const noun = nounOf(first);
  if (noun) runNoun(noun, rest, session);
  else if (first === "help") help(rest, session);
  else if (first === "exit" || first === "quit") session.isOver = true;
  else throw new ShellError(`unknown word "${first}"; expected ${NAMES.join(", ")}`);
  session.printNotifications();
}

/** The message of an error that a command may end with. @throws any other: a mistake in this program */
export function messageOf(error: unknown): string {
  if (error instanceof ShellError || error instanceof NetlinkError || error instanceof RangeError) return error.message;
  throw error;
}

/** For node:readline: what could complete the last word of the line, and that word. */
export function complete(line: string, session: Session): [string[], string] {
  const words = line.trimStart().split(/\s+/);
  const last = words.at(-1) ?? "";
  return [candidates(words.slice(0, -1), session).filter((word) => word.startsWith(last)), last];
}

function candidates([first, verb, ...before]: readonly string[], session: Session): string[] {
  if (first === undefined) return [...NAMES];
  const noun = nounOf(first);
  if (noun === undefined) return first === "help" ? NOUNS.map(({ name }) => name) : [];
  if (verb === undefined) return Object.keys(noun.verbs);
  const known = noun.verbs[verb];
  const words = known?.words ?? [];
  try {
    return known?.candidates?.(before, session) ?? [...words, ...objectNames(noun, session)];
  } catch (error) {
    if (error instanceof NetlinkError) return [...words];
    throw error;
  }
}

/** Names of vnets or interfaces. @throws NetlinkError when the kernel does not tell */
function objectNames(noun: Noun, session: Session): string[] {
  if (noun === vnet) return session.kernel.vnets.map(({ name }) => name);
  if (noun === monitor || noun === module || noun === genl) return [];
  return session.withClient((client) => [...session.interfaceNames(client).values()]);
}

function help(rest: readonly string[], session: Session): void {
  const words = new Words("help", rest);
  if (words.isAtEnd) {
    session.print(...helpLines(NOUNS), "help [NOUN], exit, quit");
    return;
  }
  const noun = nounOf(words.choice(NOUNS.map(({ name }) => name)));
  words.end();
  session.print(...helpLines(noun ? [noun] : []));
}

function nounOf(name: string): Noun | undefined {
  return NOUNS.find((noun) => noun.name === name);
}
