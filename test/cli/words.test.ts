import { describe, expect, it } from "vitest";
import { ShellError, splitLine } from "../../host/cli/shell/words.js";

describe("the words of a line", () => {
  it.each<[string, string[]]>([
    ["", []],
    ["   ", []],
    ["link show", ["link", "show"]],
    ["  link\t show  ", ["link", "show"]],
    ['link set em0 alias "two words"', ["link", "set", "em0", "alias", "two words"]],
    ["link set em0 alias 'it is \"here\"' up", ["link", "set", "em0", "alias", 'it is "here"', "up"]],
    ['alias ""', ["alias", ""]],
    ["alias Bob's", ["alias", "Bob's"]],
  ])("%j", (line, words) => {
    expect(splitLine(line)).toEqual(words);
  });

  it.each(['alias "two words', "alias 'two", 'alias "a"b'])(
    "%j: a quote that is not closed at a word's end",
    (line) => {
      expect(() => splitLine(line)).toThrow(ShellError);
    },
  );
});
