// http-server.mjs PORT BYTES: answers every request with so many bytes.
import { createServer } from 'node:http';

const [port, bytes] = process.argv.slice(2).map(Number);
const body = Buffer.alloc(bytes, 'flowshard ');
createServer((_, answer) => answer.end(body)).listen(port, '::');
