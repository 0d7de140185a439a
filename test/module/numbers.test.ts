// The numbers of the SDK, which has copies of its own so that a module needs nothing of the kernel's source.

import { expect, it } from "vitest";
import { Errno as KernelErrno } from "../../assembly/abi/errno.js";
import { PolicyKind } from "../../assembly/abi/exchange.js";
import { GENL_OP as KERNEL_GENL_OP } from "../../assembly/abi/genetlink.js";
import { NLM_F as KERNEL_NLM_F, NLMSG as KERNEL_NLMSG } from "../../assembly/abi/netlink.js";
import { Errno, GENL_OP, NLM_F, NLMSG, Policy } from "../../modules/sdk/numbers.js";

it.each([
  ["Errno", Errno, KernelErrno],
  ["Policy", Policy, PolicyKind],
  ["GENL_OP", GENL_OP, KERNEL_GENL_OP],
  ["NLM_F", NLM_F, KERNEL_NLM_F],
  ["NLMSG", NLMSG, KERNEL_NLMSG],
])("%s of the SDK is the kernel's", (_name, ofSdk, ofKernel) => {
  expect(ofKernel).toMatchObject(ofSdk);
});
