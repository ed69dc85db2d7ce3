/**
 * Who may ask. On the Unix socket whoever may open it: its mode says so. On TCP whoever has the token; without
 * one, on loopback only, whoever is on this host, but no page in a browser on this host: such a page can send requests
 * to 127.0.0.1, and with a name of its own that leads there (DNS rebinding) even read the answers.
 */
import { ApiError } from '../errors.ts';
import type { TokenCheck } from './token.ts';

export type Policy =
  | { readonly kind: 'unix' }
  | { readonly kind: 'token'; readonly token: TokenCheck }
  | { readonly kind: 'loopback' };

/** As much of a request as is looked at. */
export interface Asked {
  /** Path without the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** What anybody may ask who reaches the port: whether it lives. */
const OPEN_PATHS: ReadonlySet<string> = new Set(['/healthz', '/readyz']);
const LOOPBACK_HOST = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i;

/** Errors: ApiError where the request is refused */
export function checkAccess(policy: Policy, asked: Asked): void {
  if (policy.kind === 'unix') return;
  const { host, origin, authorization } = asked.headers;
  if (policy.kind === 'loopback') {
    if (typeof host !== 'string' || !LOOPBACK_HOST.test(host))
      throw new ApiError(
        421,
        'misdirected',
        'the Host header is not that of a loopback address',
        'Ask for 127.0.0.1 or localhost',
      );
  }
  // Browsers send it with every request that a page of another origin makes; nothing here is a page.
  if (origin !== undefined || isFromPage(asked.headers['sec-fetch-site']))
    throw new ApiError(403, 'forbidden', 'requests from pages in browsers are refused');
  if (policy.kind !== 'token' || OPEN_PATHS.has(asked.path)) return;
  if (!policy.token.accepts(authorization === undefined ? undefined : String(authorization)))
    throw new ApiError(
      401,
      'unauthorized',
      'the bearer token is missing or wrong',
      'Send Authorization: Bearer TOKEN',
    );
}

/** `none` is what a person typed into the address line. */
const isFromPage = (site: string | string[] | undefined): boolean => site !== undefined && site !== 'none';
