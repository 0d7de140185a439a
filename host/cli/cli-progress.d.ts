// The part of cli-progress that progress.ts uses; the package has no types of its own.
declare module "cli-progress" {
  export interface Options {
    readonly format?: string;
    readonly stream?: NodeJS.WritableStream;
    readonly hideCursor?: boolean;
    readonly clearOnComplete?: boolean;
    readonly barCompleteChar?: string;
    readonly barIncompleteChar?: string;
  }

  export class SingleBar {
    constructor(options: Options);
    start(total: number, startValue: number, payload?: Record<string, string>): void;
    update(current: number): void;
    stop(): void;
  }

  const cliProgress: { readonly SingleBar: typeof SingleBar };
  export default cliProgress;
}
