/**
 * One form for every error that a client sees (ErrorForm). What is not the client's doing says no more than
 * that: its stack goes to the operator's terminal, never into an answer.
 */
import { OptionError, TrackerEndedError } from '../common/errors.ts';
import type { ErrorCode, ErrorForm } from './forms.ts';
import { type Finding, findingOf } from './request-errors.ts';

/** An error that a route wants to be seen as it is. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  constructor(
    readonly statusCode: number,
    readonly code: ErrorCode,
    message: string,
    readonly advice?: string,
    /** What would have been right. */
    readonly allowed?: string,
  ) {
    super(message);
  }
}

/** What the client has left out. */
export const missing = (what: string, allowed: string): ApiError =>
  new ApiError(400, 'invalid_value', `${what} is missing`, undefined, allowed);

export interface Answer {
  readonly status: number;
  readonly form: ErrorForm;
}

interface Known {
  readonly code: ErrorCode;
  readonly message: string;
  readonly advice?: string;
}

/** What Fastify and Node find wrong, by status. */
const BY_STATUS: Readonly<Record<number, Known>> = {
  400: { code: 'invalid_request', message: 'the request is not valid' },
  404: { code: 'not_found', message: 'there is no such thing' },
  408: { code: 'invalid_request', message: 'the request took too long to arrive' },
  413: { code: 'too_large', message: 'the body is too large' },
  414: { code: 'too_large', message: 'the URL is too long' },
  415: {
    code: 'unsupported_type',
    message: 'this type of body is not known',
    advice: 'Send Content-Type: application/json',
  },
  429: { code: 'rate_limited', message: 'too many requests', advice: 'Retry-After says when' },
  431: { code: 'too_large', message: 'the headers are too large' },
};

export function errorForm(code: ErrorCode, message: string, allowed?: string, advice?: string): ErrorForm {
  return {
    error: {
      code,
      message,
      ...(allowed === undefined ? {} : { allowed }),
      ...(advice === undefined ? {} : { advice }),
    },
  };
}

function statusOf(error: Error): number {
  return 'statusCode' in error && typeof error.statusCode === 'number' ? error.statusCode : 500;
}

/** What the validator has found; null for other errors. */
function validationFinding(error: Error): Finding | null {
  if (!('validation' in error) || !Array.isArray(error.validation) || error.validation.length === 0)
    return null;
  return findingOf(error.validation, 'validationContext' in error ? String(error.validationContext) : 'body');
}

/** The answer for a status alone. */
export function answerOfStatus(status: number, message?: string): Answer {
  const known = BY_STATUS[status] ?? BY_STATUS[400];
  return { status, form: errorForm(known.code, message ?? known.message, undefined, known.advice) };
}

/** What a client is told of an error; null for what is our own fault. */
function clientsFault(error: Error): Answer | null {
  if (error instanceof ApiError)
    return {
      status: error.statusCode,
      form: errorForm(error.code, error.message, error.allowed, error.advice),
    };
  if (error instanceof OptionError) {
    const message = `${error.option}: ${JSON.stringify(error.value)} is not allowed`;
    return { status: 400, form: errorForm('invalid_value', message, error.allowed, error.hint || undefined) };
  }
  if (error instanceof TrackerEndedError)
    return { status: 503, form: errorForm('unavailable', error.message) };
  const finding = validationFinding(error);
  if (finding !== null)
    return { status: 400, form: errorForm('invalid_request', finding.message, finding.allowed) };
  const status = statusOf(error);
  if (status < 400 || status > 499) return null;
  // Of a body that is no JSON the parser's words help; they contain nothing but the body.
  return answerOfStatus(status, status === 400 ? error.message : undefined);
}

/**
 * The answer to an error that a route has thrown.
 *
 * Errors: `onBug` is told what is no client's fault
 */
export function answerOf(error: unknown, onBug: (error: unknown) => void): Answer {
  const answer = error instanceof Error ? clientsFault(error) : null;
  if (answer !== null) return answer;
  onBug(error);
  return {
    status: 500,
    form: errorForm('internal', 'internal error', undefined, 'The log of the tracker has the details'),
  };
}
