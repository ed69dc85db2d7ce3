// fetch.mjs URL: reads it to the end, over one connection that is closed.
import { get } from 'node:http';

get(process.argv[2], { agent: false }, (answer) => answer.resume());
