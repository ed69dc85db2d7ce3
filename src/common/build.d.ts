/** Written in by the build (scripts/build.mjs). */
declare const FLOWSHARD_VERSION: string;

/** The part of WebAssembly that is used (Node's types leave it to the DOM's). */
declare namespace WebAssembly {
  class Memory {
    constructor(descriptor: { initial: number; maximum: number; shared: boolean });
    readonly buffer: ArrayBuffer | SharedArrayBuffer;
  }
}
