// What a call leaves for the host to do: bits of a word (abi/exchange.ts, Attention). The host looks at it after each call,
// clears it, and asks only then.

@unmanaged
class Attention {
  bits: u32;
}

const attention = changetype<Attention>(memory.data(offsetof<Attention>(), 16));

/** @param bits - Attention */
export function wantAttention(bits: u32): void {
  attention.bits |= bits;
}

/** Where the word lies. */
export function attentionAddress(): usize {
  return changetype<usize>(attention);
}
