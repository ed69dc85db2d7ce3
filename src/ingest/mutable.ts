/** How the maker of an object sees it, while everybody else only reads. */
export type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };
