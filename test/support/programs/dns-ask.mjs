// dns-ask.mjs ADDRESS PORT udp|tcp: one question, and its answer.
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';

const [address, port, protocol] = process.argv.slice(2);
const name = Buffer.from('\x09flowshard\x07example\0', 'latin1');
const header = Buffer.from([0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
const question = Buffer.concat([header, name, Buffer.from([0, 1, 0, 1])]);
if (protocol === 'udp') {
  const socket = createSocket('udp4', () => socket.close());
  // Connected, so that it hears that nobody listens.
  socket.connect(Number(port), address, () => socket.send(question));
} else {
  const socket = connect(Number(port), address, () =>
    socket.write(Buffer.concat([Buffer.from([0, question.length]), question])),
  );
  socket.resume();
}
