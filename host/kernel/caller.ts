// Who makes a call: process, privileges, jail, as the core reads them in the exchange.

import { JailAddressLayout, OpenLayout } from "../../assembly/abi/exchange.js";
import { parseAddress } from "./address.js";
import type { Core } from "./core.js";
import { type Cred, jailAddressesOf, privilegesOf } from "./options.js";

export const PROCESS_ID_DEFAULT = 1000;

/** @throws RangeError more addresses of a jail than fit, or a text that is no address */
export function writeCaller(core: Core, cred: Cred, pid: number): void {
  const { exchange, views } = core;
  const { bytes, data } = views;
  const visible = jailAddressesOf(cred);
  data.setUint32(exchange + OpenLayout.PROCESS_ID, pid, true);
  data.setUint32(exchange + OpenLayout.PRIVILEGES, visible === undefined ? privilegesOf(cred) : 0, true);
  data.setUint8(exchange + OpenLayout.IS_CONSTRAINED, visible === undefined ? 0 : 1);
  data.setUint32(exchange + OpenLayout.JAIL_ADDRESS_COUNT, visible?.length ?? 0, true);
  visible?.forEach((text, i) => {
    const { family, high, low } = parseAddress(text);
    const at = exchange + OpenLayout.JAIL_ADDRESSES + i * JailAddressLayout.BYTES;
    // The core keeps the whole record: what is between its fields must not be what a call before left there.
    bytes.fill(0, at, at + JailAddressLayout.BYTES);
    data.setUint32(at + JailAddressLayout.FAMILY, family, true);
    data.setBigUint64(at + JailAddressLayout.HIGH, high, true);
    data.setBigUint64(at + JailAddressLayout.LOW, low, true);
  });
}
