// Kernel tests to try ktest with, and to learn from.
//   test_something   succeeds; says whether it got VALUE (attribute 1 of TEST_META, u32)
//   test_failure     ends with the errno that VALUE names, EINVAL without

import { LOG, logLine, registerTest } from "../sdk/ktest";
import { Errno } from "../sdk/numbers";

export { abi, handle, requestBuffer } from "../sdk/module";

const FILE = "ktest_example.ts";
const ATTRIBUTE_BYTES: u32 = 8;
const VALUE: u32 = 1;

enum Test {
  SOMETHING = 0,
  FAILURE = 1,
}

@unmanaged
class Parameters {
  isGiven: bool;
  value: u32;
}

const parameters = changetype<Parameters>(memory.data(offsetof<Parameters>(), 16));

/** The kernel loads the module. */
export function attach(): i32 {
  const something = registerTest("test_something", "Test something");
  const failure = registerTest("test_failure", "Test that fails");
  return -min(0, min(something, failure));
}

/** TEST_META of a request to run a test. The errno that refuses it. */
export function testParse(test: u32, meta: usize, bytes: u32): i32 {
  parameters.isGiven = false;
  if (bytes == 0) return Errno.OK;
  if (bytes != ATTRIBUTE_BYTES || load<u16>(meta) != <u16>ATTRIBUTE_BYTES || load<u16>(meta, 2) != <u16>VALUE) {
    return Errno.EINVAL;
  }
  parameters.isGiven = true;
  parameters.value = load<u32>(meta, 4);
  return Errno.OK;
}

/** Runs a test. Its errno. */
export function testRun(test: u32): i32 {
  if (test == Test.SOMETHING) logLine(LOG.DEBUG, parameters.isGiven ? "got a value" : "got no value", "something", FILE, 46);
  else logLine(LOG.ERR, "failing on purpose", "failure", FILE, 47);
  const error = test == Test.SOMETHING ? <i32>Errno.OK : parameters.isGiven ? <i32>parameters.value : <i32>Errno.EINVAL;
  parameters.isGiven = false;
  return error;
}
