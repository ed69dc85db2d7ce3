// dns-server.mjs PORT: answers every question over UDP and TCP with no records.
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

const port = Number(process.argv[2]);
function answerTo(question) {
  const answer = Buffer.from(question);
  answer[2] |= 0x80;
  return answer;
}
const udp = createSocket('udp4', (question, from) => udp.send(answerTo(question), from.port, from.address));
udp.bind(port);
createServer((socket) =>
  socket.once('data', (question) =>
    socket.end(Buffer.concat([question.subarray(0, 2), answerTo(question.subarray(2))])),
  ),
).listen(port);
