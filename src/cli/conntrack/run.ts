/**
 * `flowshard conntrack`: the commands of conntrack(8), asked of a running flowshard. Standard output and exit status are
 * those of conntrack, so that scripts need not know; messages are our own.
 */
import type { Writable } from 'node:stream';
import type { ConnectionForm, CountForm, DeletedForm, OwnersForm, StatsForm } from '../../api/forms.ts';
import { type Answer, type Client, createClient, type Query } from '../../client/client.ts';
import { ClientError } from '../../client/errors.ts';
import { linesOf } from '../../client/lines.ts';
import { targetOf } from '../../client/target.ts';
import { ExitStatus, OptionError } from '../../common/errors.ts';
import { present } from '../control/present.ts';
import { printAnswer } from '../control/print.ts';
import { createOutput, type StandardOutput } from '../output.ts';
import { ConntrackError } from './errors.ts';
import { showEvents } from './events.ts';
import { loadFile } from './load.ts';
import { demand, type Given, parseConntrack } from './parse.ts';
import {
  changeOf,
  checkMeaning,
  expectationQueryOf,
  filterOf,
  hasNat,
  newConnectionOf,
  newExpectationOf,
  tupleOf,
} from './request.ts';
import { type SaveCommand, saveLine } from './save.ts';
import { statsLines } from './stats.ts';
import { type OutputForm, outputOf, wholeNumber } from './values.ts';

/** What a command works with. */
export interface Session {
  readonly client: Client;
  readonly maxTimeS: number;
  readonly out: StandardOutput;
  /** A line on standard error; nothing while a file is loaded. */
  readonly say: (text: string) => void;
}

const NAME = `flowshard v${FLOWSHARD_VERSION} (conntrack-compatible)`;
const MAX_TIME_S = 10;
const MAX_TIME_S_MAX = 3600;

export interface Streams {
  readonly stdout: Writable;
  readonly stderr: Writable;
}

/**
 * Runs the command.
 *
 * @returns the exit status
 */
export async function runConntrack(
  argv: readonly string[],
  { stdout, stderr }: Streams = process,
): Promise<ExitStatus> {
  const out = createOutput(stdout);
  const say = (text: string): void => {
    stderr.write(`${NAME}: ${text}\n`);
  };
  let status: ExitStatus;
  try {
    status = await command(parseConntrack(argv), out, say);
  } catch (error) {
    await out.flushed();
    const isKnown =
      error instanceof ConntrackError || error instanceof ClientError || error instanceof OptionError;
    if (!isKnown) throw error;
    say(error.message);
    const wrong = error instanceof OptionError ? ExitStatus.USAGE : error.exitStatus;
    if (wrong !== ExitStatus.USAGE) return ExitStatus.FAILED;
    stderr.write('flowshard conntrack --help lists the options\n');
    return wrong;
  }
  await out.flushed();
  const failure = out.failure();
  if (failure === null) return status;
  say(`standard output: ${failure}`);
  return ExitStatus.FAILED;
}

async function command(given: Given, out: StandardOutput, say: (text: string) => void): Promise<ExitStatus> {
  if (given.command === 'h') {
    const { helpText } = await import('./help.ts');
    out.raw(helpText());
    return ExitStatus.OK;
  }
  if (given.command === 'V') {
    out.line(NAME);
    return ExitStatus.OK;
  }
  const { own } = given;
  const maxTime = own.get('max-time');
  const maxTimeS = maxTime === undefined ? MAX_TIME_S : wholeNumber('--max-time', maxTime, MAX_TIME_S_MAX);
  const target = targetOf(
    present({
      socket: own.get('socket'),
      url: own.get('url'),
      tokenFile: own.get('token-file'),
    }) as Parameters<typeof targetOf>[0],
  );
  const client = createClient(target, { maxTimeS });
  try {
    return await perform(given, { client, maxTimeS, out, say });
  } finally {
    client.close();
  }
}

/** Errors: ConntrackError, ClientError, OptionError */
export async function perform(given: Given, session: Session): Promise<ExitStatus> {
  checkMeaning(given);
  if (given.table === 'expect') return performExpect(given, session);
  switch (given.command) {
    case 'L':
      return list(given, session);
    case 'G':
      return get(given, session);
    case 'D':
      return remove(given, session);
    case 'U':
      return update(given, session);
    case 'I':
    case 'A':
      return create(given, session);
    case 'E':
      return showEvents(given, session);
    case 'F':
      return flush(given, session);
    case 'C':
      return count('/v1/connections/count', session);
    case 'S':
      return stats(session);
    default:
      return loadFile(given.file ?? '', session, perform);
  }
}

const formQuery = ({ format, extended, id }: OutputForm): Query => ({
  format: format === 'save' ? 'ndjson' : format,
  output:
    format === 'text' ? [...(extended ? ['extended'] : []), ...(id ? ['id'] : [])].join(',') : undefined,
});

/** Prints entries; returns how many. */
async function print(
  answer: Answer,
  form: OutputForm,
  out: StandardOutput,
  command: SaveCommand = 'A',
): Promise<number> {
  if (form.format !== 'save') return printAnswer(answer, out);
  for await (const lines of linesOf(answer.chunks())) {
    for (const line of lines)
      if (line !== '') out.line(saveLine(JSON.parse(line) as ConnectionForm, command));
    await out.drained();
    if (out.isClosed()) break;
  }
  return answer.entries() ?? 0;
}

async function list(given: Given, { client, out, say }: Session): Promise<ExitStatus> {
  const form = outputOf(given.values.get('output'));
  const filter = filterOf(given, true);
  // Nothing here is without confirmation, and nothing lingers once it has ended.
  const isEmpty = given.table !== 'conntrack';
  const query = { ...(isEmpty ? { family: ['ipv4', 'ipv6'] } : filter), ...formQuery(form) };
  const shown = await print(await client.ask({ path: '/v1/connections', query }), form, out);
  await out.flushed();
  say(`${shown} flow entries have been shown.`);
  if (hasNat(given)) say('note: a mirror sees no NAT: no entry has it');
  return ExitStatus.OK;
}

async function get(given: Given, { client, out, say }: Session): Promise<ExitStatus> {
  const form = outputOf(given.values.get('output'));
  const path = '/v1/connections/lookup';
  const { id } = await client
    .json<ConnectionForm>({ path, query: { ...tupleOf(given) } })
    .catch((error: unknown) => {
      if (error instanceof ClientError && error.code === 'not_found')
        throw new ConntrackError('there is no such connection', ExitStatus.FAILED);
      throw error;
    });
  // The lookup knows either direction; what is shown has the tuple in the original one, as in conntrack.
  const query = { ...filterOf(given, false), id: String(id), ...formQuery(form) };
  const shown = await print(await client.ask({ path: '/v1/connections', query }), form, out);
  await out.flushed();
  say(`${shown} flow entries have been shown.`);
  return shown > 0 ? ExitStatus.OK : ExitStatus.FAILED;
}

/** Deletes, or changes, what the filter means, and prints it. conntrack fails where nothing was meant. */
async function modify(
  given: Given,
  { client, out, say }: Session,
  ask: { readonly method: 'DELETE' | 'PATCH'; readonly body?: unknown },
  done: string,
): Promise<ExitStatus> {
  const form = outputOf(given.values.get('output'));
  const filter = filterOf(given, ask.method === 'DELETE');
  const all = Object.keys(filter).length === 0 ? { all: 'true' } : {};
  const query = { ...filter, ...all, ...formQuery(form) };
  const answer = await client.ask({ path: '/v1/connections', query, ...ask });
  const isXml = form.format === 'xml';
  const changed = isXml
    ? await printBare(answer, out)
    : await print(answer, form, out, ask.method === 'DELETE' ? 'D' : 'A');
  await out.flushed();
  say(`${changed} flow entries have been ${done}.`);
  return changed > 0 ? ExitStatus.OK : ExitStatus.FAILED;
}

/** Elements without the document around them: so conntrack prints what it deletes. */
async function printBare(answer: Answer, out: StandardOutput): Promise<number> {
  for await (const lines of linesOf(answer.chunks())) {
    for (const line of lines) if (line.startsWith('<flow')) out.line(line);
    await out.drained();
  }
  return answer.entries() ?? 0;
}

async function remove(given: Given, session: Session): Promise<ExitStatus> {
  if (given.values.has('timeout'))
    throw new ConntrackError('-t: it does not choose what is deleted. flowshard delete "timeout<30" does');
  return modify(given, session, { method: 'DELETE' }, 'deleted');
}

async function update(given: Given, session: Session): Promise<ExitStatus> {
  if (given.values.has('state'))
    throw new ConntrackError('--state: a state follows from packets; mark, timeout and status can be set', 1);
  const body = changeOf(given);
  if (body === null) {
    session.say('0 flow entries have been updated.');
    return ExitStatus.FAILED;
  }
  return modify(given, session, { method: 'PATCH', body }, 'updated');
}

/** -I fails where there is such a connection; -A leaves it as it is. */
async function create(given: Given, { client, say }: Session): Promise<ExitStatus> {
  const body = newConnectionOf(given);
  const isAdd = given.command === 'A';
  try {
    await client.json({ method: 'POST', path: '/v1/connections', body });
  } catch (error) {
    if (!(error instanceof ClientError) || error.code !== 'exists') throw error;
    if (!isAdd) throw new ConntrackError('there is such a connection: -U changes it', ExitStatus.FAILED);
    say('0 flow entries have been added.');
    return ExitStatus.OK;
  }
  say(`1 flow entries have been ${isAdd ? 'added' : 'created'}.`);
  return ExitStatus.OK;
}

async function flush(given: Given, { client, say }: Session): Promise<ExitStatus> {
  const family = given.values.get('family');
  const query: Query = {
    format: 'json',
    ...(family === undefined ? { all: 'true' } : filterOf(given, false)),
  };
  await client.json<DeletedForm>({ method: 'DELETE', path: '/v1/connections', query });
  say('connection tracking table has been emptied.');
  return ExitStatus.OK;
}

async function count(path: string, { client, out }: Session): Promise<ExitStatus> {
  const form = await client.json<CountForm>({ path });
  out.line(String(form.count));
  return ExitStatus.OK;
}

async function stats({ client, out }: Session): Promise<ExitStatus> {
  const counters = await client.json<StatsForm>({ path: '/v1/stats' });
  const { shards } = await client.json<OwnersForm>({ path: '/v1/shards' });
  for (const line of statsLines(counters, shards)) out.line(line);
  return ExitStatus.OK;
}

async function performExpect(given: Given, session: Session): Promise<ExitStatus> {
  const { client, say } = session;
  const path = '/v1/expectations';
  switch (given.command) {
    case 'L':
    case 'G':
      return listExpectations(given, session);
    case 'D': {
      const query = { ...expectationQueryOf(given), format: 'json' };
      const { deleted } = await client.json<DeletedForm>({ method: 'DELETE', path, query });
      if (deleted === 0) throw new ConntrackError('there is no such expectation', ExitStatus.FAILED);
      say(`${deleted} expectations have been deleted.`);
      return ExitStatus.OK;
    }
    case 'I':
      await client.json({ method: 'POST', path, body: newExpectationOf(given) });
      say('1 expectations have been created.');
      return ExitStatus.OK;
    case 'F':
      await client.json<DeletedForm>({ method: 'DELETE', path, query: { all: 'true', format: 'json' } });
      say('expectation table has been emptied.');
      return ExitStatus.OK;
    case 'C':
      return count(`${path}/count`, session);
    case 'S':
      return stats(session);
    default:
      throw new ConntrackError(`-${given.command} expect: events of expectations are not kept`);
  }
}

async function listExpectations(given: Given, { client, out, say }: Session): Promise<ExitStatus> {
  const isGet = given.command === 'G';
  if (isGet) demand(given, ['src', 'dst', 'protonum']);
  const { format } = outputOf(given.values.get('output'));
  if (format === 'save') throw new ConntrackError('-o save: for connections only');
  const family = given.values.get('family');
  const query = { ...(isGet ? expectationQueryOf(given) : {}), family, format };
  const shown = await printAnswer(await client.ask({ path: '/v1/expectations', query }), out);
  if (isGet && shown === 0) throw new ConntrackError('there is no such expectation', ExitStatus.FAILED);
  await out.flushed();
  say(`${shown} expectations have been shown.`);
  return ExitStatus.OK;
}
