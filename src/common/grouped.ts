/**
 * Numbers for people: 1,234,567. By hand, since the first use of `Intl` in a process loads the rules of a language, which
 * takes as long as the rest of the command needs to start.
 */

/** Rounds to a whole number, and sets a comma between thousands. */
export const grouped = (n: number): string => String(Math.round(n)).replace(/\B(?=(?:\d{3})+$)/g, ',');
