// What a call leaves for the host to do: a word that is set when the set of interface indices changed, or when other
// vnets are to know of an interface. The host looks at it after each call, clears it, and asks only then.

@unmanaged
class Attention {
  isWanted: u32;
}

const attention = changetype<Attention>(memory.data(offsetof<Attention>(), 16));

export function wantAttention(): void {
  attention.isWanted = 1;
}

/** Where the word lies. */
export function attentionAddress(): usize {
  return changetype<usize>(attention);
}
