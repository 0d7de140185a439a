// Storms for fast-check: a world and what happens in it.

import fc from "fast-check";
import { MSG, NLM_F } from "../../../assembly/abi/netlink.js";
import type { Policy } from "../../../host/kernel/kernel.js";
import { attribute, concat, message } from "../../support/messages.js";
import { moduleTexts } from "./pieces.js";
import { SENDERS, type Step, type WorldOptions } from "./world.js";

export const worlds: fc.Arbitrary<WorldOptions> = fc.record({
  policy: fc.constantFrom<Policy>("fifo", "seeded"),
  stepped: fc.boolean(),
  seed: fc.nat(),
});

/** Modules that are loaded at one time, at most. */
const SLOTS = 3;
/** The controller, nlsysevent, the dummy module, ktest, and behind them what modules register. */
const TYPES = [16, 17, 18, 19, 20, 20, 20, 21, 21, 22] as const;

const bytes = (most: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ maxLength: most });

const attributes = fc.tuple(fc.nat(4), bytes(12)).map(([type, payload]) => attribute(type, payload));
const request = fc
  .tuple(
    fc.constantFrom(...TYPES),
    fc.constantFrom(NLM_F.REQUEST, NLM_F.REQUEST | NLM_F.ACK, NLM_F.REQUEST | NLM_F.DUMP, NLM_F.ACK, 0),
    fc.constantFrom(0, 1, 1, 1, 2, 2, 3, 4),
    fc.array(attributes, { maxLength: 3 }),
  )
  .map(([type, flags, command, parts]) => message({ type, flags }, Uint8Array.of(command, 1, 0, 0), ...parts));

/** A message with a byte that is not what it was. */
const damaged = fc.tuple(request, fc.nat(), fc.nat(255)).map(([whole, at, value]) => {
  whole[at % whole.length] = value;
  return whole;
});
/** A message with a few bytes behind its last attribute. */
const ragged = fc.tuple(request, bytes(7)).map(([whole, tail]) => {
  const all = concat(whole, tail);
  all[0] = all.length;
  return all;
});
const cut = fc.tuple(request, fc.nat(24)).map(([whole, length]) => whole.slice(0, length));
const padded = (part: Uint8Array): Uint8Array => concat(part, new Uint8Array(-part.length & 3));

const sends = fc
  .tuple(
    fc.array(
      fc.oneof(
        { weight: 8, arbitrary: request },
        { weight: 1, arbitrary: damaged },
        { weight: 1, arbitrary: ragged },
        { weight: 1, arbitrary: bytes(40) },
      ),
      { minLength: 1, maxLength: 12 },
    ),
    fc.oneof({ weight: 4, arbitrary: fc.constant(new Uint8Array(0)) }, { weight: 1, arbitrary: cut }),
    fc.oneof({ weight: 4, arbitrary: fc.constant(1) }, { weight: 1, arbitrary: fc.integer({ min: 2, max: 30 }) }),
  )
  .map(([parts, last, times]) => concat(...Array.from({ length: times }, () => parts.map(padded)).flat(), last));

const slot = fc.nat(SLOTS - 1);
const from = fc.nat(SENDERS - 1);
const kind = <K extends Step["kind"]>(name: K): fc.Arbitrary<K> => fc.constant(name);

export const loads = fc.record({ kind: kind("load"), slot, text: moduleTexts });
const others: readonly fc.WeightedArbitrary<Step>[] = [
  { weight: 20, arbitrary: fc.record({ kind: kind("send"), from, bytes: sends }) },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: kind("read"),
      from,
      room: fc.constantFrom(0, 16, 100, 2048, 65536),
      flags: fc.constantFrom<number>(0, 0, MSG.PEEK, MSG.TRUNC),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: kind("count"), times: fc.integer({ min: 1, max: 20 }) }) },
  { weight: 3, arbitrary: fc.record({ kind: kind("run"), budget: fc.integer({ min: 1, max: 20 }) }) },
  { weight: 3, arbitrary: fc.record({ kind: kind("advance"), milliseconds: fc.nat(400) }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: kind("reopen"), from, receiveLimit: fc.constantFrom(256, 700, 4096, 1 << 17) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: kind("vnet"), comes: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: kind("fault"), n: fc.integer({ min: 1, max: 8 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: kind("snapshot") }) },
  { weight: 1, arbitrary: fc.record({ kind: kind("revert") }) },
  { weight: 1, arbitrary: fc.record({ kind: kind("unload"), slot }) },
];

export const steps: fc.Arbitrary<Step> = fc.oneof({ weight: 4, arbitrary: loads }, ...others);
