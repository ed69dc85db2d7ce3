// ftp-session.mjs ADDRESS PORT STEP...: a session with data connections. Steps: passive and active transfer the file; announce
// says by PASV that a data connection is coming, and never makes it; hold stays, after a line on standard output, until killed.
import { once } from 'node:events';
import { connect, createServer } from 'node:net';

const [address, port, ...steps] = process.argv.slice(2);
const control = connect(Number(port), address);
await once(control, 'connect');

const lines = (async function* read() {
  let text = '';
  for await (const chunk of control) {
    text += chunk;
    for (let end = text.indexOf('\r\n'); end >= 0; end = text.indexOf('\r\n')) {
      yield text.slice(0, end);
      text = text.slice(end + 2);
    }
  }
})();
/** The next answer that is whole: `NNN text`. */
async function answer() {
  for (;;) {
    const { value, done } = await lines.next();
    if (done) throw new Error('the server went away');
    if (/^\d{3} /.test(value)) return value;
  }
}
function say(line) {
  control.write(`${line}\r\n`);
  return answer();
}

async function transferred(data) {
  data.resume();
  await once(data, 'close');
}

async function passive() {
  const told = /\((\d+(?:,\d+){5})\)/
    .exec(await say('PASV'))[1]
    .split(',')
    .map(Number);
  const there = { host: told.slice(0, 4).join('.'), port: told[4] * 256 + told[5] };
  const data = connect(there);
  await once(data, 'connect');
  await say('RETR file');
  await transferred(data);
  await answer();
}

async function active() {
  const listener = createServer().listen(0, control.localAddress);
  await once(listener, 'listening');
  const { port: mine } = listener.address();
  const numbers = `${control.localAddress.replaceAll('.', ',')},${mine >> 8},${mine & 255}`;
  const coming = once(listener, 'connection');
  await say(`PORT ${numbers}`);
  const begun = say('RETR file');
  const [data] = await coming;
  await begun;
  await transferred(data);
  await answer();
  listener.close();
}

await answer();
await say('USER anonymous');
await say('PASS flowshard@example.org');
await say('TYPE I');
for (const step of steps) {
  if (step === 'passive') await passive();
  else if (step === 'active') await active();
  else if (step === 'announce') await say('PASV');
  else if (step === 'hold') {
    process.stdout.write('holding\n');
    setInterval(() => {}, 1000);
    await new Promise(() => {});
  } else throw new Error(`no step ${step}`);
}
await say('QUIT');
control.end();
