// In a browser: the run for browser.mjs, which has bytes in base64.
import { record, replay } from "./run.mjs";

/** @param {string} text */
const bytesOf = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

/** @param {Uint8Array} bytes */
function textOf(bytes) {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

Object.assign(globalThis, {
  /** @param {string} dummy @param {string} trace */
  runInPage: (dummy, trace) => ({ recorded: textOf(record(bytesOf(dummy))), verification: replay(bytesOf(trace)) }),
});
