// Random modules for fast-check, put together from pieces of WebAssembly text: each piece does one thing that a module does,
// well or badly. Whether it does depends on how often the module was called, so that a module is good for a while.

import fc from "fast-check";
import { ModuleLimit } from "../../../host/kernel/kernel.js";
import { watModule } from "../modules.js";

/** Names of families that modules have, so few that two want the same one. */
const FAMILIES = ["fam0", "fam1", "fam2"] as const;
const ERRNO_MAX = 97;
/** Where a module writes its messages: behind its names and policies, before the place for requests. */
const OUTGOING = 512;
const PAGE_BYTES = 65536;

const I32 = (value: number): string => `(i32.const ${value | 0})`;

/** A message of the module's family with one attribute, written at OUTGOING. */
function written(length: number, attributeLength: number): string {
  return `
    (i32.store ${I32(OUTGOING)} ${I32(length)})
    (i32.store16 ${I32(OUTGOING + 4)} (global.get $family))
    (i32.store16 ${I32(OUTGOING + 6)} ${I32(0)})
    (i32.store8 ${I32(OUTGOING + 16)} (global.get $calls))
    (i32.store16 ${I32(OUTGOING + 20)} ${I32(attributeLength)})
    (i32.store16 ${I32(OUTGOING + 22)} ${I32(1)})`;
}

const payloads = fc.integer({ min: 0, max: 200 });
const word = fc.oneof(fc.constantFrom(0, 1, -1, 0x7fff_ffff, PAGE_BYTES - 4, PAGE_BYTES), fc.integer());

/** A message that a module sends, mostly one that it may. */
const outgoing = fc.oneof(
  { weight: 6, arbitrary: payloads.map((bytes) => ({ text: written(24 + bytes, 4 + bytes), bytes: 24 + bytes })) },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.nat(64), fc.nat(64), fc.nat(64)).map(([a, b, bytes]) => ({ text: written(a, b), bytes })),
  },
);

const repeated = (times: number, text: string): string => `
  (local.set $i ${I32(times)})
  (loop $again ${text} (br_if $again (i32.gt_s (local.tee $i (i32.sub (local.get $i) (i32.const 1))) (i32.const 0))))`;

const replies = fc
  .tuple(outgoing, fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 120 })))
  .map(([{ text, bytes }, times]) => text + repeated(times, `(drop (call $reply ${I32(OUTGOING)} ${I32(bytes)}))`));
const notifications = fc
  .tuple(outgoing, fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 40 })))
  .map(
    ([{ text, bytes }, times]) =>
      text + repeated(times, `(drop (call $notify (global.get $group) ${I32(OUTGOING)} ${I32(bytes)}))`),
  );
const ends = fc.oneof(fc.constant(0), fc.nat(ERRNO_MAX), word).map(
  (errno) => `
    (i32.store ${I32(OUTGOING)} ${I32(20)}) (i32.store ${I32(OUTGOING + 4)} ${I32(3)})
    (i32.store ${I32(OUTGOING + 16)} ${I32(errno)}) (drop (call $reply ${I32(OUTGOING)} ${I32(20)}))`,
);
const reports = fc
  .tuple(fc.nat(300), fc.nat(64))
  .map(([bytes, offset]) => `(call $report ${I32(OUTGOING)} ${I32(bytes)} ${I32(offset)})`);
const timers = fc
  .tuple(fc.integer({ min: -1, max: ModuleLimit.TIMERS }), fc.oneof(fc.integer({ min: -2, max: 300 }), word))
  .map(([timer, milliseconds]) => `(drop (call $timerSet ${I32(timer)} ${I32(milliseconds)}))`);
const growth = fc.integer({ min: 0, max: 3 }).map((pages) => `(drop (memory.grow ${I32(pages)}))`);
/** What it learns goes into its memory, which a replay must find the same. */
const learning = fc.constantFrom(
  "(i32.store (i32.const 600) (i32.xor (i32.load (i32.const 600)) (call $random)))",
  "(i64.store (i32.const 608) (i64.add (i64.load (i32.const 608)) (call $now)))",
  "(i32.store (i32.const 616) (i32.add (i32.load (i32.const 616)) (call $vnet)))",
);
const logging = fc.nat(2000).map((bytes) => `(call $log ${I32(OUTGOING)} ${I32(bytes)})`);
const misdeeds = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      "unreachable",
      "(call $abort (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))",
      `(drop (memory.grow ${I32(ModuleLimit.MEMORY_PAGES)}))`,
      "(drop (i32.div_u (i32.const 1) (i32.const 0)))",
      "(loop $always (br $always))",
    ),
  },
  fc.tuple(word, word).map(([at, bytes]) => `(drop (call $reply ${I32(at)} ${I32(bytes)}))`),
  fc.tuple(word, word).map(([at, value]) => `(i32.store ${I32(at)} ${I32(value)})`),
  fc
    .tuple(word, word, word)
    .map(([group, at, bytes]) => `(drop (call $notify ${I32(group)} ${I32(at)} ${I32(bytes)}))`),
  fc
    .tuple(word, word)
    .map(([at, bytes]) => `(drop (call $familyAdd ${I32(at)} ${I32(bytes)} ${I32(1)} ${I32(0)} ${I32(1)}))`),
);

/** A piece that is carried out in every so many-th call. */
const sometimes = (piece: fc.Arbitrary<string>, most: number): fc.Arbitrary<string> =>
  fc
    .tuple(piece, fc.integer({ min: 1, max: most }))
    .map(([text, every]) => `(if (i32.eqz (i32.rem_u (global.get $calls) ${I32(every)})) (then ${text}))`);

const pieces = fc.oneof(
  { weight: 8, arbitrary: replies },
  { weight: 3, arbitrary: notifications },
  { weight: 3, arbitrary: timers },
  { weight: 2, arbitrary: learning },
  { weight: 1, arbitrary: ends },
  { weight: 1, arbitrary: reports },
  { weight: 1, arbitrary: growth },
  { weight: 1, arbitrary: logging },
  { weight: 4, arbitrary: sometimes(misdeeds, 12) },
);

const errnos = fc.oneof(
  { weight: 8, arbitrary: fc.constant(0) },
  { weight: 2, arbitrary: fc.nat(ERRNO_MAX) },
  { weight: 1, arbitrary: sometimes(fc.constant("(return (i32.const 98))"), 20).map((text) => ({ text })) },
);
const resultOf = (errno: number | { readonly text: string }): string =>
  typeof errno === "number" ? I32(errno) : `${errno.text} (i32.const 0)`;

/** The inside of a function: it counts the call, and does some things. */
const bodies = fc
  .array(sometimes(pieces, 3), { maxLength: 4 })
  .map((texts) => `(local $i i32) (global.set $calls (i32.add (global.get $calls) (i32.const 1))) ${texts.join("\n")}`);

/** Policies at 64: attribute 1 is a u32, anything, a nest in itself, nonsense. */
const POLICIES = ["\\03", "\\04", "\\09", "\\08", "\\63"].map(
  (kind) =>
    `(data (i32.const 64) "\\01\\00\\00\\00\\01\\00\\00\\00\\01\\00\\00\\00${kind}\\00\\00\\00\\00\\00\\00\\00")`,
);

interface Registering {
  readonly hdrsize: number;
  /** [number, flags, privileged, bytes of policy] */
  readonly commands: readonly (readonly [number, number, number, number])[];
}

const registering: fc.Arbitrary<Registering> = fc.record({
  hdrsize: fc.constantFrom(0, 0, 0, 4, 7),
  commands: fc.array(
    fc.tuple(
      fc.oneof({ weight: 9, arbitrary: fc.constantFrom(0, 1, 1, 1, 2, 2, 3) }, { weight: 1, arbitrary: fc.nat(300) }),
      fc.constantFrom(2, 4, 6),
      fc.constantFrom(0, 0, 1),
      fc.constantFrom(0, 0, 0, 20),
    ),
    { minLength: 1, maxLength: 4 },
  ),
});

/** Registers what it has; a command that is refused is no reason to give up. */
function attachOf({ hdrsize, commands }: Registering): string {
  const adding = commands.map(
    ([number, flags, privileged, bytes]) =>
      `(drop (call $commandAdd (global.get $family) ${I32(number)} ${I32(flags)} ${I32(privileged)} ${I32(64)} ${I32(bytes)}))`,
  );
  return `
    (global.set $family (call $familyAdd (i32.const 32) (i32.const 4) (i32.const 1) ${I32(hdrsize)} (i32.const 1)))
    (if (i32.lt_s (global.get $family) (i32.const 0)) (then (return (i32.sub (i32.const 0) (global.get $family)))))
    (global.set $group (call $groupAdd (global.get $family) (i32.const 8) (i32.const 4)))
    ${adding.join("\n")} (i32.const 0)`;
}

const requestBuffers = fc.constantFrom(
  "(i32.const 1024)",
  "(i32.const 1024)",
  "(i32.const 0)",
  "(i32.const 65000)",
  `(i32.mul (memory.grow (i32.add (i32.shr_u (local.get $bytes) (i32.const 16)) (i32.const 1))) (i32.const ${PAGE_BYTES}))`,
);

/** The text of a module. */
export const moduleTexts: fc.Arbitrary<string> = fc
  .record({
    family: fc.constantFrom(...FAMILIES),
    policy: fc.constantFrom(...POLICIES),
    registering,
    handle: bodies,
    errno: errnos,
    expired: fc.option(bodies),
    detach: fc.option(fc.tuple(bodies, errnos)),
    attachVnet: fc.option(fc.tuple(bodies, errnos)),
    detachVnet: fc.option(bodies),
    requestBuffer: requestBuffers,
  })
  .map(({ family, policy, registering, handle, errno, expired, detach, attachVnet, detachVnet, requestBuffer }) =>
    watModule({
      fields: `
        (data (i32.const 32) "${family}") ${policy}
        (global $calls (mut i32) (i32.const 0))
        ${expired === null ? "" : `(func (export "expired") (param i32) ${expired})`}
        ${detach === null ? "" : `(func (export "detach") (result i32) ${detach[0]} ${resultOf(detach[1])})`}
        ${attachVnet === null ? "" : `(func (export "attachVnet") (param i32) (result i32) ${attachVnet[0]} ${resultOf(attachVnet[1])})`}
        ${detachVnet === null ? "" : `(func (export "detachVnet") (param i32) ${detachVnet})`}`,
      attach: attachOf(registering),
      requestBuffer,
      handle: `${handle} ${resultOf(errno)}`,
    }),
  );
