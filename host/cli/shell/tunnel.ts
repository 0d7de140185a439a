// The words for tunnels that link takes, and how a tunnel is shown: by the same words. On a kernel whose netlink knows
// tunnels they are set by RTM_NEWLINK, on others as ifconfig does it; they are read as it does it.
import type { Client } from "../../client/client.js";
import { isTunnelKind, type TunnelKind, tunnelFlags, tunnelFlagWords, tunnelWords } from "../../codec/tunnel.js";
import type { TunnelChanges } from "../../kernel/kernel.js";
import type { Session } from "./session.js";
import { integer, type Parser, ShellError, text, type Words } from "./words.js";

export interface TunnelParameters {
  local: string;
  remote: string;
  flags: string[];
  key: number;
  port: number;
}

const list: Parser<string[]> = (word) => (word === "none" ? [] : word.split(","));

export const TUNNEL = { local: text, remote: text, flags: list, key: integer(0, 0xffffffff), port: integer(0, 65535) };

export const TUNNEL_USAGE = "[local ADDRESS remote ADDRESS] [flags WORD,…|none] [key N] [port N]";

type Typed = Partial<TunnelParameters>;

export function isTunnelTyped(typed: Typed): boolean {
  return Object.keys(TUNNEL).some((name) => typed[name as keyof Typed] !== undefined);
}

/**
 * What was typed, checked.
 * @param kind - of the interface
 * @throws ShellError for words that it does not take
 */
export function tunnelOf(kind: string | undefined, typed: Typed, words: Words): TunnelSetting {
  if (kind === undefined || !isTunnelKind(kind)) {
    throw new ShellError(`${words.noun}: ${Object.keys(TUNNEL).join(", ")}: expected a gif or gre with them`);
  }
  const { local, remote, flags, key, port } = typed;
  if ((local === undefined) !== (remote === undefined)) {
    throw new ShellError(`${words.noun}: a tunnel takes "local" and "remote"`);
  }
  if (kind === "gif" && (key !== undefined || port !== undefined)) {
    throw new ShellError(`${words.noun}: key, port: expected a gre with them`);
  }
  const known = tunnelWords(kind);
  const unknown = flags?.find((flag) => !known.includes(flag));
  if (unknown !== undefined) throw words.unknown(unknown, known);
  return { kind, typed, ...(flags === undefined ? {} : { flags: tunnelFlags(kind, flags) }) };
}

export interface TunnelSetting {
  readonly kind: TunnelKind;
  readonly typed: Typed;
  readonly flags?: number;
}

/** For RTM_NEWLINK. */
export function dataOf({ kind, typed, flags }: TunnelSetting): Parameters<Client["linkSet"]>[1] {
  const { local, remote, key, port } = typed;
  const both = {
    ...(local === undefined ? {} : { local }),
    ...(remote === undefined ? {} : { remote }),
    ...(flags === undefined ? {} : { flags }),
  };
  if (kind === "gif") return { gif: both };
  return {
    gre: { ...both, ...(key === undefined ? {} : { key }), ...(port === undefined ? {} : { encapPort: port }) },
  };
}

/** For ioctls. */
export function changesOf({ typed, flags }: TunnelSetting): TunnelChanges {
  const { local, remote, key, port } = typed;
  return {
    ...(local === undefined || remote === undefined ? {} : { endpoints: { local, remote } }),
    ...(flags === undefined ? {} : { flags }),
    ...(key === undefined ? {} : { key }),
    ...(port === undefined ? {} : { port }),
  };
}

/** The line for an interface that is a tunnel, in the words that set it. */
export function tunnelLines(session: Session, name: string, kind: string | undefined): string[] {
  const settings = kind !== undefined && isTunnelKind(kind) ? session.vnet.tunnel(name) : undefined;
  if (settings === undefined) return [];
  const { endpoints, flags, key, port } = settings;
  const known = tunnelFlagWords(kind as TunnelKind, flags);
  const parts = [
    ...(endpoints === undefined ? [] : [`local ${endpoints.local} remote ${endpoints.remote}`]),
    `flags ${known.join(",") || "none"}`,
    ...(kind === "gre" ? [`key ${key}`, `port ${port}`] : []),
  ];
  return [`  tunnel ${parts.join(" ")}`];
}
