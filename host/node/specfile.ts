// YNL specifications by what a user calls them: a file, or the family of one that comes along (specs/).
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, resolve } from "node:path";
import { ConfigError } from "../yaml/schema.js";
import { Specification } from "../ynl/specification.js";

const EXTENSION = ".yaml";
/** In the package, whether this runs built or from its source. */
const SPECS = resolve(dirname(createRequire(import.meta.url).resolve("netlink-vm/package.json")), "specs");

/** @throws ConfigError the file cannot be read, or what is wrong with it */
export function readSpecification(file: string): Specification {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new ConfigError(
      `${file}: cannot be read (${(error as NodeJS.ErrnoException).code}); expected a YNL specification`,
    );
  }
  return new Specification(text, file);
}

/** The specification of a family that comes along; undefined when there is none. */
export function shippedSpecification(family: string): Specification | undefined {
  const file = shippedFiles().get(family);
  return file === undefined ? undefined : readSpecification(file);
}

/** All that come along, but not the controller's: what it says is always known. */
export function shippedSpecifications(): Specification[] {
  return [...shippedFiles()].flatMap(([family, file]) => (family === "nlctrl" ? [] : [readSpecification(file)]));
}

/** By family: specs/FAMILY.yaml. */
function shippedFiles(): ReadonlyMap<string, string> {
  const names = readdirSync(SPECS).filter((name) => name.endsWith(EXTENSION));
  return new Map(names.map((name) => [basename(name, EXTENSION), resolve(SPECS, name)]));
}
