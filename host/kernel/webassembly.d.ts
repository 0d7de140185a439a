// The part of the WebAssembly namespace that the host uses. TypeScript has it only in lib.dom, which would bring the
// whole browser into folders that must run in any engine.

declare namespace WebAssembly {
  type ExportValue = CallableFunction | Memory | Table | Global;
  type ImportValue = ExportValue | number;
  type Exports = Record<string, ExportValue>;
  type Imports = Record<string, Record<string, ImportValue>>;

  interface ModuleExportDescriptor {
    name: string;
    kind: "function" | "table" | "memory" | "global";
  }
  interface ModuleImportDescriptor extends ModuleExportDescriptor {
    module: string;
  }

  /** Compiled code; stateless, so that any number of instances share one. */
  class Module {
    constructor(bytes: ArrayBufferView | ArrayBuffer);
    static exports(module: Module): ModuleExportDescriptor[];
    static imports(module: Module): ModuleImportDescriptor[];
    static customSections(module: Module, name: string): ArrayBuffer[];
  }

  class Instance {
    constructor(module: Module, imports?: Imports);
    readonly exports: Exports;
  }

  /** Linear memory in pages of 65,536 bytes. Growing it detaches `buffer`. */
  class Memory {
    constructor(descriptor: { initial: number; maximum?: number });
    readonly buffer: ArrayBuffer;
    grow(pages: number): number;
  }

  class Table {
    constructor(descriptor: { element: "anyfunc"; initial: number; maximum?: number });
    readonly length: number;
  }

  class Global {
    constructor(descriptor: { value: "i32" | "i64" | "f32" | "f64"; mutable?: boolean }, value?: number | bigint);
    value: number | bigint;
  }

  class CompileError extends Error {}
  class LinkError extends Error {}
  /** A trap: unreachable code, memory out of bounds, a failed assertion of the core. */
  class RuntimeError extends Error {}

  function compile(bytes: ArrayBufferView | ArrayBuffer): Promise<Module>;
  function instantiate(module: Module, imports?: Imports): Promise<Instance>;
  function validate(bytes: ArrayBufferView | ArrayBuffer): boolean;
}
