;; A loadable module in WebAssembly text: family "hello" with one command.
;;   GREET 1   gives back "hello, " and NAME (attribute 1), which is required, as TEXT (attribute 2); the group "greetings"
;;             hears the same
(module
  (import "kernel" "familyAdd" (func $familyAdd (param i32 i32 i32 i32 i32) (result i32)))
  (import "kernel" "commandAdd" (func $commandAdd (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "kernel" "groupAdd" (func $groupAdd (param i32 i32 i32) (result i32)))
  (import "kernel" "reply" (func $reply (param i32 i32) (result i32)))
  (import "kernel" "notify" (func $notify (param i32 i32 i32) (result i32)))
  (import "kernel" "report" (func $report (param i32 i32 i32)))

  (memory (export "memory") 1)
  (global (export "abi") i32 (i32.const 1))
  (global $family (mut i32) (i32.const 0))
  (global $group (mut i32) (i32.const 0))

  (data (i32.const 0) "hello")
  (data (i32.const 16) "greetings")
  (data (i32.const 32) "NAME is missing")
  ;; The policy: one table with one row, NAME a string.
  (data (i32.const 64) "\01\00\00\00" "\01\00\00\00" "\01\00\00\00\06\00\00\00\00\00\00\00")
  ;; The answer at 256: nlmsghdr, genlmsghdr, the header of TEXT, "hello, ". Requests come to 1024.
  (data (i32.const 280) "hello, ")

  (func (export "requestBuffer") (param $bytes i32) (result i32)
    (if (result i32) (i32.le_u (local.get $bytes) (i32.const 64512))
      (then (i32.const 1024))
      (else (i32.const 0))))

  (func (export "attach") (result i32)
    (global.set $family
      (call $familyAdd (i32.const 0) (i32.const 5) (i32.const 1) (i32.const 0) (i32.const 2)))
    (if (i32.lt_s (global.get $family) (i32.const 0))
      (then (return (i32.sub (i32.const 0) (global.get $family)))))
    (global.set $group (call $groupAdd (global.get $family) (i32.const 16) (i32.const 9)))
    ;; CAP_DO 2, for everybody, with the policy.
    (i32.sub
      (i32.const 0)
      (call $commandAdd
        (global.get $family) (i32.const 1) (i32.const 2) (i32.const 0) (i32.const 64) (i32.const 20))))

  (func (export "handle") (param $message i32) (param $bytes i32) (result i32)
    (local $length i32)
    ;; The first attribute, or none.
    (if (i32.lt_u (local.get $bytes) (i32.const 24))
      (then
        (call $report (i32.const 32) (i32.const 15) (i32.const 0))
        (return (i32.const 22))))
    ;; The bytes of NAME with its NUL.
    (local.set $length (i32.sub (i32.load16_u offset=20 (local.get $message)) (i32.const 4)))
    (memory.copy (i32.const 287) (i32.add (local.get $message) (i32.const 24)) (local.get $length))
    (i32.store16 (i32.const 276) (i32.add (local.get $length) (i32.const 11)))
    (i32.store16 (i32.const 278) (i32.const 2))
    (i32.store (i32.const 256) (i32.and (i32.add (local.get $length) (i32.const 34)) (i32.const -4)))
    (i32.store16 (i32.const 260) (global.get $family))
    (i32.store8 (i32.const 272) (i32.const 1))
    (drop (call $reply (i32.const 256) (i32.load (i32.const 256))))
    (drop (call $notify (global.get $group) (i32.const 256) (i32.load (i32.const 256))))
    (i32.const 0)))
