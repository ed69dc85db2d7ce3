// clients.mjs SOCKET PATH N: N requests at once, of which nothing is read after the first bytes; says so, and stays until killed.
import { connect } from 'node:net';

const [socket, path, count] = process.argv.slice(2);
let waiting = Number(count);
for (let i = 0; i < Number(count); i++) {
  const client = connect(socket, () => client.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`));
  client.once('data', () => {
    client.pause();
    if (--waiting === 0) process.stdout.write('waiting\n');
  });
}
setInterval(() => {}, 1000);
