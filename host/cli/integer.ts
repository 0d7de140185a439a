// Options that are numbers.
import { InvalidArgumentError } from "commander";

/** A parser of option values. @throws InvalidArgumentError for what is no integer of that range */
export function integer(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`Expected an integer from ${min} to ${max}.`);
  };
}
