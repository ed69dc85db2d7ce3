/**
 * The library in one page: reads a capture, follows its events, then asks for what is alive.
 *
 * Usage: node library.js [CAPTURE]
 */
import { type ConnectionEvent, connectionLine, openTracker } from 'flowshard';

const file = process.argv[2] ?? 'examples/captures/mixed-traffic.pcap';

// Threads start here. `settings` takes the names that --set of the command takes.
const tracker = openTracker({ files: [file], settings: { udp_timeout: 20 } });

// Events come in the order of time. The threads wait for whoever reads them.
const counts: Record<ConnectionEvent['type'], number> = { NEW: 0, UPDATE: 0, DESTROY: 0 };
for await (const event of tracker.events()) {
  counts[event.type]++;
  const { connection } = event;
  if (event.type === 'DESTROY' && connection.end?.reason !== 'timeout') {
    console.log(`${connection.original.src} -> ${connection.original.dst} ended: ${connection.end?.reason}`);
  }
}
console.log(`events: ${counts.NEW} NEW, ${counts.UPDATE} UPDATE, ${counts.DESTROY} DESTROY`);

// What is alive after the last packet, oldest first; a filter names what shall agree.
const established = tracker.connections({ protocol: 'tcp', state: 'ESTABLISHED', dport: 443 });
console.log(`established to port 443: ${established.length}`);
for (const connection of established.slice(0, 3)) {
  console.log(connectionLine(connection, { format: 'text', extended: false, timestamp: false, id: false }));
}

// Every packet is in one of these counters.
const { packets, tracked, skipped } = tracker.stats();
console.log(`packets: ${packets}, tracked: ${tracked}, skipped: ${JSON.stringify(skipped)}`);

// A damaged file is no exception: what could be read is there, and this says where it broke.
for (const error of tracker.errors()) console.error(error.message);

await tracker.close();
