// The order in which a table's routes are sent: as walked, or shuffled, which costs every tree its cache.
import { Random } from "./random.js";

/** The numbers 0..count - 1 in a seeded random order (Fisher and Yates). */
export function shuffledOrder(count: number, seed: number): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, place) => place);
  const random = new Random(seed);
  for (let last = count - 1; last > 0; last--) {
    const other = random.below(last + 1);
    const moved = order[last] ?? 0;
    order[last] = order[other] ?? 0;
    order[other] = moved;
  }
  return order;
}
