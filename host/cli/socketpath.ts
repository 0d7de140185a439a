// Where server and programs meet when nobody says otherwise.
import { join } from "node:path";

/** $NLVM_SOCKET, else nlvm.sock in the folder of the user's own sockets, else one in /tmp with the user's number. */
export function defaultSocketPath(): string {
  const { NLVM_SOCKET: named, XDG_RUNTIME_DIR: folder } = process.env;
  if (named) return named;
  return folder ? join(folder, "nlvm.sock") : `/tmp/nlvm-${process.getuid?.() ?? 0}.sock`;
}
