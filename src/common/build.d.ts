/** Written in by the build (scripts/build.mjs). */
declare const FLOWSHARD_VERSION: string;
