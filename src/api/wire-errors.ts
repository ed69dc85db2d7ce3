/** Requests that are no HTTP, or took too long: answered on the bare socket, since there is no request yet. */
import type { Socket } from 'node:net';
import { answerOfStatus } from './errors.ts';

const STATUS: Readonly<Record<string, readonly [number, string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'Request Header Fields Too Large'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'Request Timeout'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [413, 'Content Too Large'],
};

/** Closes the connection; first says why, where the client can still hear it. */
export function rejectedBeforeRouting(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  const [status, words] = STATUS[error.code ?? ''] ?? [400, 'Bad Request'];
  const body = JSON.stringify(answerOfStatus(status).form);
  if (socket.writable && socket.bytesWritten === 0) {
    const head = `HTTP/1.1 ${status} ${words}\r\ncontent-type: application/json\r\nconnection: close\r\n`;
    socket.write(`${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  }
  socket.destroySoon();
}
