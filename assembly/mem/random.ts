// The kernel's random source: a seeded generator whose state lies in linear memory, so that a run repeats.

@unmanaged
class RandomState {
  state: u64;
}

const random = changetype<RandomState>(memory.data(offsetof<RandomState>(), 16));

export function bootRandom(seed: u64): void {
  random.state = seed;
}

/** 32 random bits (SplitMix64: any seed is good, 0 too). */
export function randomWord(): u32 {
  random.state += 0x9e3779b97f4a7c15;
  let z = random.state;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return <u32>((z ^ (z >> 31)) >> 32);
}
