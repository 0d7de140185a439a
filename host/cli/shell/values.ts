// Values that several nouns read.
import { familyOf } from "../../codec/ip.js";
import { type Parser, ShellError } from "./words.js";

export const address: Parser<string> = (word, noun) => {
  if (familyOf(word) !== undefined) return word;
  throw new ShellError(`${noun}: "${word}"; expected an address like 192.0.2.7 or 2001:db8::7`);
};

export const lladdr: Parser<string> = (word, noun) => {
  if (/^[\da-f]{2}(:[\da-f]{2}){5}$/i.test(word)) return word;
  throw new ShellError(`${noun}: "${word}"; expected a link-level address like 02:00:00:00:00:07`);
};

export const onOff: Parser<boolean> = (word, noun) => {
  if (word === "on" || word === "off") return word === "on";
  throw new ShellError(`${noun}: "${word}"; expected on, off`);
};
