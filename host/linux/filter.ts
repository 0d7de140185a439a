// Classic BPF over datagrams (SO_ATTACH_FILTER): loads, arithmetic, jumps and returns as Linux's sk_run_filter did them.
// Loads are big-endian, whatever the host is, so a program's constants are byte-swapped netlink fields (linux-clients C1.2).

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

interface Instruction {
  readonly code: number;
  readonly jt: number;
  readonly jf: number;
  readonly k: number;
}

export class Filter {
  readonly #program: readonly Instruction[];

  /**
   * @param bytes - sock_filter instructions, 8 bytes each
   * @throws LinuxError EINVAL no instruction or too many, an unknown one, a jump past the end, a division by 0, a scratch
   *   word that is not there, or a last instruction that does not return
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
    if (((program[count - 1] as Instruction).code & 7) !== CLASS.RET) throw invalid();
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
      switch (code & 7) {
        case CLASS.LD: {
          const loaded = load(code, k, x, view, scratch);
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
          if ((code & 0xf0) === JMP.JA) pc += k;
          else pc += isTaken(code, a, code & SOURCE_X ? x : k) ? jt : jf;
          break;
        case CLASS.RET:
          return (code & 0x18) === RET_A ? a : k;
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

/** @param after - instructions behind this one: where a jump may go */
function check({ code, jt, jf, k }: Instruction, after: number): void {
  if (code > 0xff) throw invalid();
  const mode = code & 0xe0;
  switch (code & 7) {
    case CLASS.LD:
      if ((code & 0x18) === 0x18 || mode === MODE.MSH || mode > MODE.MSH) throw invalid();
      if (mode === MODE.MEM && k >= SCRATCH_WORDS) throw invalid();
      return;
    case CLASS.LDX:
      if (mode === MODE.MSH ? (code & 0x18) !== SIZE.B : mode === MODE.ABS || mode === MODE.IND || mode > MODE.MSH) {
        throw invalid();
      }
      if (mode === MODE.MEM && k >= SCRATCH_WORDS) throw invalid();
      return;
    case CLASS.ST:
    case CLASS.STX:
      if (k >= SCRATCH_WORDS) throw invalid();
      return;
    case CLASS.ALU: {
      const operation = code & 0xf0;
      if (operation > ALU.XOR) throw invalid();
      if ((operation === ALU.DIV || operation === ALU.MOD) && !(code & SOURCE_X) && k === 0) throw invalid();
      return;
    }
    case CLASS.JMP:
      if ((code & 0xf0) > JMP.JSET) throw invalid();
      if ((code & 0xf0) === JMP.JA ? k >= after : Math.max(jt, jf) >= after) throw invalid();
      return;
    default:
  }
}

/** @returns undefined outside the datagram, which drops it */
function load(code: number, k: number, x: number, view: DataView, scratch: Uint32Array): number | undefined {
  const mode = code & 0xe0;
  if (mode === MODE.IMM) return k;
  if (mode === MODE.MEM) return scratch[k];
  if (mode === MODE.LEN) return view.byteLength;
  const at = mode === MODE.IND ? x + k : k;
  const size = code & 0x18;
  const bytes = size === SIZE.W ? 4 : size === SIZE.H ? 2 : 1;
  if (at + bytes > view.byteLength) return undefined;
  if (size === SIZE.W) return view.getUint32(at, false);
  return size === SIZE.H ? view.getUint16(at, false) : view.getUint8(at);
}

function loadIndex(code: number, k: number, view: DataView, scratch: Uint32Array): number | undefined {
  const mode = code & 0xe0;
  if (mode === MODE.IMM) return k;
  if (mode === MODE.MEM) return scratch[k];
  if (mode === MODE.LEN) return view.byteLength;
  // 4 * (P[k] & 0xf): the length of an IPv4 header.
  return k < view.byteLength ? (view.getUint8(k) & 0xf) << 2 : undefined;
}

/** @returns undefined for a division by 0, which drops the datagram */
function arithmetic(code: number, a: number, operand: number): number | undefined {
  switch (code & 0xf0) {
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
      return operand > 31 ? 0 : (a << operand) >>> 0;
    case ALU.RSH:
      return operand > 31 ? 0 : a >>> operand;
    case ALU.NEG:
      return -a >>> 0;
    default:
      return (a ^ operand) >>> 0;
  }
}

function isTaken(code: number, a: number, operand: number): boolean {
  switch (code & 0xf0) {
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
