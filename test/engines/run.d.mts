export declare function record(dummy: Uint8Array): Uint8Array<ArrayBuffer>;
