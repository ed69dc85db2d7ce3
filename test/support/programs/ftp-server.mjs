// ftp-server.mjs PORT BYTES: an FTP server with one file, for passive and active data connections over IPv4.
import { connect, createServer } from 'node:net';

const [port, bytes] = process.argv.slice(2).map(Number);
const body = Buffer.alloc(bytes, 'flowshard ');

createServer((control) => {
  control.on('error', () => {});
  const say = (line) => control.write(`${line}\r\n`);
  const address = control.localAddress.replace('::ffff:', '').replaceAll('.', ',');
  // What the next transfer goes over: a promise of a connected socket.
  let data = null;

  const commands = {
    USER: () => say('331 any password'),
    PASS: () => say('230 come in'),
    TYPE: () => say('200 as you like'),
    PASV() {
      data = new Promise((resolve) => {
        const listener = createServer((socket) => {
          listener.close();
          resolve(socket);
        }).listen(0, () => {
          const { port: open } = listener.address();
          say(`227 Entering Passive Mode (${address},${open >> 8},${open & 255}).`);
        });
      });
    },
    PORT(argument) {
      const numbers = argument.split(',').map(Number);
      const there = { host: numbers.slice(0, 4).join('.'), port: numbers[4] * 256 + numbers[5] };
      data = () =>
        new Promise((resolve) =>
          connect(there, function () {
            resolve(this);
          }),
        );
      say('200 PORT command successful.');
    },
    async RETR() {
      say('150 here it comes');
      const socket = await (typeof data === 'function' ? data() : data);
      socket.on('error', () => {});
      socket.end(body, () => say('226 that was it'));
      socket.resume();
    },
    QUIT() {
      say('221 bye');
      control.end();
    },
  };

  say('220 a small server');
  let text = '';
  control.on('data', (chunk) => {
    text += chunk;
    for (let end = text.indexOf('\r\n'); end >= 0; end = text.indexOf('\r\n')) {
      const [word, argument = ''] = text.slice(0, end).split(' ');
      text = text.slice(end + 2);
      const command = commands[word.toUpperCase()];
      if (command === undefined) say('502 not here');
      else command(argument);
    }
  });
}).listen(port);
