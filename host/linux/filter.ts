// Classic BPF over datagrams (SO_ATTACH_FILTER): loads, arithmetic, jumps and returns as Linux's sk_run_filter did them.
// Loads are big-endian, whatever the host is, so a program's constants are byte-swapped netlink fields (linux-clients C1.2).

import { NLA_F } from "../../assembly/abi/netlink.js";
import { LinuxErrno, LinuxError } from "./errno.js";

/** BPF_MAXINSNS. */
const INSTRUCTIONS_MAX = 4096;
const INSTRUCTION_BYTES = 8;
const SCRATCH_WORDS = 16;

const CLASS = { LD: 0, LDX: 1, ST: 2, STX: 3, ALU: 4, JMP: 5, RET: 6, MISC: 7 } as const;
const SIZE = { W: 0x00, H: 0x08, B: 0x10 } as const;
const MODE = { IMM: 0x00, ABS: 0x20, IND: 0x40, MEM: 0x60, LEN: 0x80, MSH: 0xa0 } as const;
const ALU = {
  ADD: 0x00,
  SUB: 0x10,
  MUL: 0x20,
  DIV: 0x30,
  OR: 0x40,
  AND: 0x50,
  LSH: 0x60,
  RSH: 0x70,
  NEG: 0x80,
  MOD: 0x90,
  XOR: 0xa0,
} as const;
const JMP = { JA: 0x00, JEQ: 0x10, JGT: 0x20, JGE: 0x30, JSET: 0x40 } as const;
const SOURCE_X = 0x08;
const RET_A = 0x10;
const MISC_TXA = 0x80;
const CLASS_MASK = 0x07;
const SIZE_MASK = 0x18;
const MODE_MASK = 0xe0;
const OPERATION_MASK = 0xf0;
const WORD_BITS = 32;

/** Absolute offsets from here on are not in the datagram (SKF_AD_OFF): each stands for something about it. */
const ANCILLARY_FIRST = 0xfffff000;
const ANCILLARY = {
  /** The attribute of type X from offset A on: where it is, 0 for nowhere; NEST: inside the attribute at A. */
  NLATTR: ANCILLARY_FIRST + 12,
  NLATTR_NEST: ANCILLARY_FIRST + 16,
  ALU_XOR_X: ANCILLARY_FIRST + 40,
  /** What a datagram without interface has not: loading it drops it. */
  IFINDEX: ANCILLARY_FIRST + 8,
  HATYPE: ANCILLARY_FIRST + 28,
} as const;
/** All that Linux knows, every fourth up to the one of a VLAN's protocol; a netlink datagram has 0 for the others. */
const ANCILLARIES: ReadonlySet<number> = new Set(Array.from({ length: 16 }, (_, i) => ANCILLARY_FIRST + i * 4));

interface Instruction {
  readonly code: number;
  readonly jt: number;
  readonly jf: number;
  readonly k: number;
}

export class Filter {
  /** The instructions, as they were given. */
  readonly bytes: Uint8Array;
  readonly #program: readonly Instruction[];

  /**
   * @param bytes - sock_filter instructions, 8 bytes each
   * @throws LinuxError EINVAL no instruction or too many, an unknown one, a jump past the end, a division by 0, a shift of
   *   more than 31 bits, a scratch word that is not there or was not written, or a last instruction that does not return
   */
  constructor(bytes: Uint8Array) {
    const count = bytes.length / INSTRUCTION_BYTES;
    if (!Number.isInteger(count) || count < 1 || count > INSTRUCTIONS_MAX) throw invalid();
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const program: Instruction[] = [];
    for (let at = 0; at < bytes.length; at += INSTRUCTION_BYTES) {
      program.push({
        code: view.getUint16(at, true),
        jt: view.getUint8(at + 2),
        jf: view.getUint8(at + 3),
        k: view.getUint32(at + 4, true),
      });
    }
    program.forEach((each, index) => {
      check(each, count - index - 1);
    });
    if (((program[count - 1] as Instruction).code & CLASS_MASK) !== CLASS.RET) throw invalid();
    checkScratch(program);
    this.bytes = bytes.slice();
    this.#program = program;
  }

  /** @returns how many bytes of the datagram are kept: 0 drops it */
  run(datagram: Uint8Array): number {
    const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.byteLength);
    const scratch = new Uint32Array(SCRATCH_WORDS);
    let a = 0;
    let x = 0;
    for (let pc = 0; ; pc++) {
      const { code, jt, jf, k } = this.#program[pc] as Instruction;
      switch (code & CLASS_MASK) {
        case CLASS.LD: {
          const loaded = load(code, k, a, x, view, scratch);
          if (loaded === undefined) return 0;
          a = loaded;
          break;
        }
        case CLASS.LDX: {
          const loaded = loadIndex(code, k, view, scratch);
          if (loaded === undefined) return 0;
          x = loaded;
          break;
        }
        case CLASS.ST:
          scratch[k] = a;
          break;
        case CLASS.STX:
          scratch[k] = x;
          break;
        case CLASS.ALU: {
          const result = arithmetic(code, a, code & SOURCE_X ? x : k);
          if (result === undefined) return 0;
          a = result;
          break;
        }
        case CLASS.JMP:
          if ((code & OPERATION_MASK) === JMP.JA) pc += k;
          else pc += isTaken(code, a, code & SOURCE_X ? x : k) ? jt : jf;
          break;
        case CLASS.RET:
          return (code & SIZE_MASK) === RET_A ? a : k;
        default:
          if (code & MISC_TXA) a = x;
          else x = a;
      }
    }
  }
}

function invalid(): LinuxError {
  return new LinuxError("setsockopt", LinuxErrno.EINVAL);
}

/** All instructions that there are (net/core/filter.c, chk_code_allowed). */
const CODES: ReadonlySet<number> = new Set(codes());

function* codes(): Generator<number> {
  const { LD, LDX, ST, STX, ALU: ARITHMETIC, JMP: JUMP, RET, MISC } = CLASS;
  const { ABS, IND, LEN, IMM, MEM, MSH } = MODE;
  for (const size of [SIZE.W, SIZE.H, SIZE.B]) for (const mode of [ABS, IND]) yield LD | size | mode;
  for (const mode of [LEN, IMM, MEM]) for (const load of [LD, LDX]) yield load | SIZE.W | mode;
  yield LDX | SIZE.B | MSH;
  yield ST;
  yield STX;
  for (const operation of Object.values(ALU)) {
    yield ARITHMETIC | operation;
    if (operation !== ALU.NEG) yield ARITHMETIC | operation | SOURCE_X;
  }
  yield JUMP | JMP.JA;
  for (const condition of [JMP.JEQ, JMP.JGT, JMP.JGE, JMP.JSET]) {
    yield JUMP | condition;
    yield JUMP | condition | SOURCE_X;
  }
  yield RET;
  yield RET | RET_A;
  yield MISC;
  yield MISC | MISC_TXA;
}

/** @param after - instructions behind this one: where a jump may go */
function check({ code, jt, jf, k }: Instruction, after: number): void {
  if (!CODES.has(code)) throw invalid();
  switch (code & CLASS_MASK) {
    case CLASS.LD:
    case CLASS.LDX:
      if ((code & MODE_MASK) === MODE.MEM && k >= SCRATCH_WORDS) throw invalid();
      if ((code & MODE_MASK) === MODE.ABS && k >= ANCILLARY_FIRST && !ANCILLARIES.has(k)) throw invalid();
      return;
    case CLASS.ST:
    case CLASS.STX:
      if (k >= SCRATCH_WORDS) throw invalid();
      return;
    case CLASS.ALU:
      if (!(code & SOURCE_X) && !isOperand(code & OPERATION_MASK, k)) throw invalid();
      return;
    case CLASS.JMP:
      if ((code & OPERATION_MASK) === JMP.JA ? k >= after : Math.max(jt, jf) >= after) throw invalid();
  }
}

function isOperand(operation: number, k: number): boolean {
  if (operation === ALU.DIV || operation === ALU.MOD) return k !== 0;
  return (operation !== ALU.LSH && operation !== ALU.RSH) || k < WORD_BITS;
}

/** No scratch word may be read that was not written on every way there (check_load_and_stores). */
function checkScratch(program: readonly Instruction[]): void {
  /** By instruction, words written on every way that jumps there. */
  const reached = new Uint16Array(program.length).fill(0xffff);
  let written = 0;
  program.forEach(({ code, jt, jf, k }, pc) => {
    written &= reached[pc] as number;
    const meet = (target: number): void => {
      reached[target] = (reached[target] as number) & written;
    };
    switch (code & CLASS_MASK) {
      case CLASS.ST:
      case CLASS.STX:
        written |= 1 << k;
        return;
      case CLASS.LD:
      case CLASS.LDX:
        if ((code & MODE_MASK) === MODE.MEM && !(written & (1 << k))) throw invalid();
        return;
      case CLASS.JMP:
        if ((code & OPERATION_MASK) === JMP.JA) {
          meet(pc + 1 + k);
        } else {
          meet(pc + 1 + jt);
          meet(pc + 1 + jf);
        }
        written = 0xffff;
    }
  });
}

/** @returns undefined outside the datagram, which drops it */
function load(code: number, k: number, a: number, x: number, view: DataView, scratch: Uint32Array): number | undefined {
  const mode = code & MODE_MASK;
  if (mode === MODE.IMM) return k;
  if (mode === MODE.MEM) return scratch[k];
  if (mode === MODE.LEN) return view.byteLength;
  if (mode === MODE.ABS && k >= ANCILLARY_FIRST) return ancillary(k, a, x, view);
  const at = mode === MODE.IND ? (x + k) >>> 0 : k;
  const size = code & SIZE_MASK;
  const bytes = size === SIZE.W ? 4 : size === SIZE.H ? 2 : 1;
  if (at + bytes > view.byteLength) return undefined;
  if (size === SIZE.W) return view.getUint32(at, false);
  return size === SIZE.H ? view.getUint16(at, false) : view.getUint8(at);
}

function ancillary(k: number, a: number, x: number, view: DataView): number | undefined {
  switch (k) {
    case ANCILLARY.NLATTR:
      return findAttribute(view, a, view.byteLength, x);
    case ANCILLARY.NLATTR_NEST: {
      if (a + NLATTR_BYTES > view.byteLength) return 0;
      const length = view.getUint16(a, true);
      return length > view.byteLength - a ? 0 : findAttribute(view, a + NLATTR_BYTES, a + length, x);
    }
    case ANCILLARY.ALU_XOR_X:
      return (a ^ x) >>> 0;
    case ANCILLARY.IFINDEX:
    case ANCILLARY.HATYPE:
      return undefined;
    default:
      return 0;
  }
}

const NLATTR_BYTES = 4;

/** @returns the offset of the first attribute of a type between two offsets, 0 for none (nla_find) */
function findAttribute(view: DataView, from: number, to: number, type: number): number {
  for (let at = from; at + NLATTR_BYTES <= to; ) {
    const length = view.getUint16(at, true);
    if (length < NLATTR_BYTES || length > to - at) return 0;
    if ((view.getUint16(at + 2, true) & NLA_F.TYPE_MASK) === type) return at;
    at += (length + 3) & ~3;
  }
  return 0;
}

function loadIndex(code: number, k: number, view: DataView, scratch: Uint32Array): number | undefined {
  const mode = code & MODE_MASK;
  if (mode === MODE.IMM) return k;
  if (mode === MODE.MEM) return scratch[k];
  if (mode === MODE.LEN) return view.byteLength;
  // 4 * (P[k] & 0xf): the length of an IPv4 header.
  return k < view.byteLength ? (view.getUint8(k) & 0xf) << 2 : undefined;
}

/** @returns undefined for a division by 0, which drops the datagram */
function arithmetic(code: number, a: number, operand: number): number | undefined {
  switch (code & OPERATION_MASK) {
    case ALU.ADD:
      return (a + operand) >>> 0;
    case ALU.SUB:
      return (a - operand) >>> 0;
    case ALU.MUL:
      return Math.imul(a, operand) >>> 0;
    case ALU.DIV:
      return operand === 0 ? undefined : Math.floor(a / operand);
    case ALU.MOD:
      return operand === 0 ? undefined : a % operand;
    case ALU.OR:
      return (a | operand) >>> 0;
    case ALU.AND:
      return (a & operand) >>> 0;
    case ALU.LSH:
      return (a << operand) >>> 0; // by the low five bits, as the kernel's machine does it
    case ALU.RSH:
      return a >>> operand;
    case ALU.NEG:
      return -a >>> 0;
    default:
      return (a ^ operand) >>> 0;
  }
}

function isTaken(code: number, a: number, operand: number): boolean {
  switch (code & OPERATION_MASK) {
    case JMP.JEQ:
      return a === operand;
    case JMP.JGT:
      return a > operand;
    case JMP.JGE:
      return a >= operand;
    default:
      return (a & operand) !== 0;
  }
}
