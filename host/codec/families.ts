// Which family an id stands for, and how that family's messages are read. Ids are given when a family is registered, so
// they are learned from what the controller says, or told by who knows them.

import { CTRL_CMD, GENL } from "../../assembly/abi/genetlink.js";
import { commandOf, type Family, type FamilyMessages, SYSEVENT_MESSAGES } from "./generic.js";
import type { AnySchema } from "./schema.js";

export class FamilyRegistry {
  readonly #messages = new Map<string, FamilyMessages>();
  readonly #names = new Map<number, string>([[GENL.MIN_ID, "nlctrl"]]);

  /** @param families - those whose messages can be read, besides nlsysevent; of two with one name the last counts */
  constructor(families: Iterable<FamilyMessages> = []) {
    this.add(SYSEVENT_MESSAGES);
    for (const each of families) this.add(each);
  }

  add(messages: FamilyMessages): void {
    this.#messages.set(messages.name, messages);
  }

  /** Says that a family has an id. */
  set(id: number, name: string): void {
    this.#names.set(id, name);
  }

  /** Takes note of what the controller says of a family: it came, it went, or it is there. */
  learn(family: Family): void {
    if (family.id === undefined || family.name === undefined) return;
    if (commandOf(family) === CTRL_CMD.NEWFAMILY) this.#names.set(family.id, family.name);
    else if (commandOf(family) === CTRL_CMD.DELFAMILY) this.#names.delete(family.id);
  }

  /** Name of the family that has an id. */
  nameOf(id: number): string | undefined {
    return this.#names.get(id);
  }

  /** @param isRequest - a program sent it. @returns undefined where the family, or its command, is not known */
  schemaOf(id: number, command: number, isRequest: boolean): AnySchema | undefined {
    return this.#messages.get(this.nameOf(id) ?? "")?.schemaOf(command, isRequest);
  }
}
