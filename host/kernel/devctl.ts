// What devctl is told, on its way to the core.

import type { RelayPort } from "./relay.js";

/** An event as a driver tells it (devctl_notify). */
export interface DevctlEvent {
  readonly system: string;
  readonly subsystem: string;
  readonly type: string;
  readonly data: string | undefined;
}

/** The texts of an event, and where the core finds them in the exchange (assembly/generics.ts, syseventPost). */
const DEVCTL_TEXTS = [
  { name: "system", offset: 0, bytes: 16 },
  { name: "subsystem", offset: 64, bytes: 128 },
  { name: "type", offset: 192, bytes: 64 },
  { name: "data", offset: 256, bytes: 768 },
] as const;

/** @throws RangeError a text that is too long, or not ASCII */
export function postDevctl(port: RelayPort, event: DevctlEvent): void {
  const { core } = port;
  for (const { name, offset, bytes } of DEVCTL_TEXTS) {
    const text = event[name] ?? "";
    if (text.length >= bytes || /[^ -~]/.test(text)) {
      throw new RangeError(`devctl: ${name} "${text}"; expected at most ${bytes - 1} characters of ASCII`);
    }
    core.writeText(offset, text, bytes);
  }
  port.run(() => core.call.syseventPost(event.data === undefined ? 0 : 1));
}
