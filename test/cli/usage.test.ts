import { describe, expect, it } from "vitest";
import manifest from "../../package.json" with { type: "json" };
import { nlvm } from "./streams.js";

describe("wrong usage is one line on stderr and status 2", () => {
  it.each([
    [["frobnicate"], "nlvm: unknown command 'frobnicate'\n"],
    [["bench", "--foo"], "nlvm: unknown option '--foo'\n"],
    [["bench", "--native"], "nlvm: unknown option '--native'\n"],
    [["bench", "--run", "3"], "nlvm: unknown option '--run' (Did you mean --runs?)\n"],
    [
      ["bench", "everything"],
      "nlvm: command-argument value 'everything' is invalid for argument 'benchmark'. " +
        "Allowed choices are dump, insert, lookup, layer, modules, snapshot, trace, compat, all.\n",
    ],
    [
      ["bench", "--routes", "many"],
      "nlvm: option '--routes <n>' argument 'many' is invalid. Expected an integer from 1 to 20000000.\n",
    ],
    [
      ["bench", "--runs", "0"],
      "nlvm: option '--runs <n>' argument '0' is invalid. Expected an integer from 1 to 1000.\n",
    ],
    [
      ["bench", "--table", "imaginary"],
      "nlvm: option '--table <source>' argument 'imaginary' is invalid. Allowed choices are real, synthetic.\n",
    ],
    [
      ["bench", "--table", "real", "--routes", "5"],
      "nlvm: bench: --routes makes a synthetic table; expected it without --table real\n",
    ],
    [
      ["bench", "--family", "inet6"],
      "nlvm: bench: a synthetic table has IPv4 routes; expected --table real with --family inet6\n",
    ],
    [["decode"], "nlvm: missing required argument 'input'\n"],
    [
      ["decode", "nowhere.bin"],
      'nlvm: decode: "nowhere.bin" is neither a file nor hexadecimal digits; expected FILE, HEX or -\n',
    ],
    [["decode", "/"], "nlvm: decode: / cannot be read (EISDIR); expected a file\n"],
    [["sh", "--config", "nowhere.yaml"], "nowhere.yaml: cannot be read (ENOENT); expected a YAML file\n"],
    [["sh", "--config"], "nlvm: option '--config <file>' argument missing\n"],
    [["sh", "more"], "nlvm: too many arguments for 'sh'. Expected 0 arguments but got 1.\n"],
    [["run"], "nlvm: missing required argument 'program'\n"],
    [
      ["run", "--abi", "windows", "--", "true"],
      "nlvm: option '--abi <abi>' argument 'windows' is invalid. Allowed choices are linux, freebsd.\n",
    ],
    [
      ["run", "--compat", "loose", "--", "true"],
      "nlvm: option '--compat <mode>' argument 'loose' is invalid. Allowed choices are strict, extended.\n",
    ],
    [
      ["run", "--seed", "-1", "--", "true"],
      "nlvm: option '--seed <n>' argument '-1' is invalid. Expected an integer from 0 to 9007199254740991.\n",
    ],
    [["exec", "--config", "x", "--", "true"], "nlvm: unknown option '--config'\n"],
    [["serve", "--", "true"], "nlvm: too many arguments for 'serve'. Expected 0 arguments but got 1.\n"],
    [["serve", "--config", "nowhere.yaml"], "nowhere.yaml: cannot be read (ENOENT); expected a YAML file\n"],
    [["lab", "--twice"], "nlvm: unknown option '--twice'\n"],
  ])("nlvm %j", async (argv, stderr) => {
    expect(await nlvm(argv)).toEqual({ status: 2, stdout: "", stderr });
  });

  it("nlvm alone shows the help there", async () => {
    const { status, stdout, stderr } = await nlvm([]);
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr).toContain("Usage: nlvm");
  });
});

describe("what was asked for goes to stdout, with status 0", () => {
  it("help names every command", async () => {
    const { status, stdout, stderr } = await nlvm(["--help"]);
    expect([status, stderr]).toEqual([0, ""]);
    for (const command of ["lab", "sh", "run", "serve", "exec", "decode", "bench"])
      expect(stdout).toMatch(new RegExp(`^  ${command} `, "m"));
  });

  it("the version is the package's", async () => {
    expect(await nlvm(["--version"])).toEqual({ status: 0, stdout: `${manifest.version}\n`, stderr: "" });
  });
});
