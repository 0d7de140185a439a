// --spec, which several commands take.
import { Option } from "commander";

/** Files of YNL specifications, as many as are given. */
export function specOption(): Option {
  return new Option("--spec <file>", "a YNL specification of a family of generic netlink (repeatable)")
    .argParser((value: string, before: readonly string[]) => [...before, value])
    .default([], "those of nlctrl, nlsysevent and the modules that come along");
}
